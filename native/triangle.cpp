#include "triangle.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "lapack.h"
#include "operations.h"
#include "parallel.h"
#include "transpose.h"

namespace bpls {
namespace {

/// Rows for each column that are reduced at a time, with the triangle of those before on top of them. Fewer mean more
/// work on triangles; of many more, a panel leaves the cache.
constexpr std::int64_t rows_of_block = 8;
/// Least rows of a block: each one after the other adds a rounding error to the triangle.
constexpr std::int64_t least_block = 2048;

/// Columns of one panel of a QR factorisation.
std::int64_t panel_of(std::int64_t n) { return std::min(n, std::clamp<std::int64_t>(n / 8, 16, 64)); }

/// Rows of one thread, at least: as many triangles as make the work on them about that on each thread's rows.
std::int64_t grain_of(std::int64_t rows, std::int64_t n) {
  return static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(rows) * static_cast<double>(n))));
}

/// Rows of [A, B] that become the triangle of all rows so far and their part of QᵀB.
template <typename T>
class Stack {
 public:
  Stack(std::int64_t rows, std::int64_t n, std::int64_t m, Scratch& scratch)
      : n_(n),
        m_(m),
        height_(std::min(rows, n + std::max(rows_of_block * n, least_block))),
        columns_(scratch.take<T>(height_ * (n + m))),
        reflectors_(scratch.take<T>(panel_of(n) * n)),
        work_(scratch.take<T>(panel_of(n) * std::max(n, m))) {}

  void reduce(const RowSource<T>& source, std::int64_t begin, std::int64_t end) {
    for (std::int64_t first = begin, count; first < end; first += count) {
      count = std::min(end - first, height_ - filled_);
      source(first, count, columns_ + filled_, height_);
      factor(filled_ + count);
    }
  }

  /// The n rows that are left, into columns that are `stride` apart.
  void copy(T* to, std::int64_t stride) const {
    for (std::int64_t j = 0; j < n_ + m_; ++j) std::copy_n(columns_ + j * height_, n_, to + j * stride);
  }

 private:
  void factor(std::int64_t rows) {
    geqrt(rows, n_, panel_of(n_), columns_, height_, reflectors_, work_);
    if (m_ > 0)
      gemqrt(rows, m_, n_, panel_of(n_), columns_, height_, reflectors_, columns_ + n_ * height_, height_, work_);
    for (std::int64_t j = 0; j < n_; ++j) std::fill_n(columns_ + j * height_ + j + 1, n_ - 1 - j, T(0));
    filled_ = n_;
  }

  std::int64_t n_, m_, height_, filled_ = 0;
  T *columns_, *reflectors_, *work_;
};

}  // namespace

template <typename T>
void to_triangle(const RowSource<T>& source, std::int64_t rows, std::int64_t n, std::int64_t m, T* triangle,
                 Scratch& scratch) {
  const std::int64_t grain = grain_of(rows, n), parts = parts_of(rows, grain), most = (rows + parts - 1) / parts;
  std::vector<Stack<T>> stacks;
  for (std::int64_t part = 0; part < parts; ++part) stacks.emplace_back(most, n, m, scratch);
  count_operations(2 * n * n * rows - 2 * n * n * n / 3 + (4 * n * rows - 2 * n * n) * m);
  parallel_parts(rows, grain, [&](int part, std::int64_t begin, std::int64_t end) {
    stacks[static_cast<std::size_t>(part)].reduce(source, begin, end);
  });
  for (std::size_t part = 1; part < stacks.size(); ++part)
    stacks[0].reduce([&](auto, auto, T* columns, std::int64_t stride) { stacks[part].copy(columns, stride); }, 0, n);
  stacks[0].copy(triangle, n);
}

template <typename T>
void accumulate_triangle(const T* a, const T* weights, std::int64_t rows, std::int64_t n, T* r, Scratch& scratch) {
  const std::int64_t p = n + 1;
  // R's p rows and then those of diag(√weights) [A, 1].
  const auto source = [=](std::int64_t first, std::int64_t count, T* columns, std::int64_t stride) {
    const std::int64_t old = std::clamp<std::int64_t>(p - first, 0, count), row = first + old - p, fresh = count - old;
    to_columns(r + first * p, old, p, columns, stride);
    columns += old;
    to_columns(a + row * n, fresh, n, columns, stride);
    T* roots = columns + n * stride;
    std::fill_n(roots, fresh, T(1));
    if (!weights) return;
    for (std::int64_t i = 0; i < fresh; ++i) roots[i] = std::sqrt(weights[row + i]);
    for (std::int64_t j = 0; j < n; ++j)
      for (std::int64_t i = 0; i < fresh; ++i) columns[j * stride + i] *= roots[i];
  };
  T* triangle = scratch.take<T>(p * p);
  to_triangle<T>(source, p + rows, p, 0, triangle, scratch);
  transpose(triangle, p, p, r);
}

#define BPLS_INSTANTIATE(T)                                                                               \
  template void to_triangle(const RowSource<T>&, std::int64_t, std::int64_t, std::int64_t, T*, Scratch&); \
  template void accumulate_triangle(const T*, const T*, std::int64_t, std::int64_t, T*, Scratch&);
BPLS_INSTANTIATE(double)
BPLS_INSTANTIATE(float)
#undef BPLS_INSTANTIATE

}  // namespace bpls
