#include "narrow.h"

#include <algorithm>
#include <cstring>

#include "clones.h"
#include "operations.h"
#include "parallel.h"

namespace bpls {
namespace {

/// 64 bytes: a register of AVX-512, two of AVX2.
template <typename T>
struct Wide {
  typedef T type __attribute__((vector_size(64)));
  static constexpr std::int64_t lanes = 64 / static_cast<std::int64_t>(sizeof(T));
};

constexpr int block = 8;

/// Sums of one panel of columns: sums[i] += Σ_p a[i·a_row + p·a_step] panel[p], for `block` i at a time.
template <typename T>
BPLS_INLINE void add_products(const T* a, std::int64_t a_row, std::int64_t a_step, const T* panel, std::int64_t count,
                              typename Wide<T>::type* sums) {
  using Vector = typename Wide<T>::type;
  Vector s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3], s4 = sums[4], s5 = sums[5], s6 = sums[6], s7 = sums[7];
  for (std::int64_t p = 0; p < count; ++p) {
    Vector v;
    std::memcpy(&v, panel + p * Wide<T>::lanes, sizeof v);
    const T* at = a + p * a_step;
    s0 += at[0] * v;
    s1 += at[a_row] * v;
    s2 += at[2 * a_row] * v;
    s3 += at[3 * a_row] * v;
    s4 += at[4 * a_row] * v;
    s5 += at[5 * a_row] * v;
    s6 += at[6 * a_row] * v;
    s7 += at[7 * a_row] * v;
  }
  sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3, sums[4] = s4, sums[5] = s5, sums[6] = s6, sums[7] = s7;
}

/// The same for the last few i.
template <typename T>
BPLS_INLINE void add_products_one(const T* a, std::int64_t a_step, const T* panel, std::int64_t count,
                                  typename Wide<T>::type& sum) {
  using Vector = typename Wide<T>::type;
  for (std::int64_t p = 0; p < count; ++p) {
    Vector v;
    std::memcpy(&v, panel + p * Wide<T>::lanes, sizeof v);
    sum += a[p * a_step] * v;
  }
}

template <typename T>
BPLS_INLINE void add_panel(const T* a, std::int64_t a_row, std::int64_t a_step, const T* panel, std::int64_t count,
                           std::int64_t outer, typename Wide<T>::type* sums) {
  std::int64_t i = 0;
  for (; i + block <= outer; i += block) add_products(a + i * a_row, a_row, a_step, panel, count, sums + i);
  for (; i < outer; ++i) add_products_one(a + i * a_row, a_step, panel, count, sums[i]);
}

BPLS_CLONES void add_panel_here(const double* a, std::int64_t a_row, std::int64_t a_step, const double* panel,
                                std::int64_t count, std::int64_t outer, Wide<double>::type* sums) {
  add_panel(a, a_row, a_step, panel, count, outer, sums);
}

BPLS_CLONES void add_panel_here(const float* a, std::int64_t a_row, std::int64_t a_step, const float* panel,
                                std::int64_t count, std::int64_t outer, Wide<float>::type* sums) {
  add_panel(a, a_row, a_step, panel, count, outer, sums);
}

/// Columns of B (rows×m) in panels of `lanes`, the last filled up with zeros.
template <typename T>
T* pack(const T* b, std::int64_t rows, std::int64_t m, Scratch& scratch) {
  constexpr std::int64_t lanes = Wide<T>::lanes;
  const std::int64_t panels = (m + lanes - 1) / lanes;
  T* packed = scratch.take_zeroed<T>(panels * rows * lanes);
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t k = 0; k < m; ++k) packed[(k / lanes * rows + i) * lanes + k % lanes] = b[i * m + k];
  return packed;
}

}  // namespace

template <typename T>
void multiply_narrow(const T* a, const T* v, std::int64_t rows, std::int64_t n, std::int64_t m, T* z,
                     Scratch& scratch) {
  constexpr std::int64_t lanes = Wide<T>::lanes, chunk = 64;
  count_operations(2 * rows * n * m);
  const T* packed = pack(v, n, m, scratch);
  parallel_for(rows, chunk, [=](std::int64_t begin, std::int64_t end) {
    typename Wide<T>::type sums[chunk];
    for (std::int64_t i = begin; i < end; i += chunk) {
      const std::int64_t count = std::min(chunk, end - i);
      for (std::int64_t k = 0; k < m; k += lanes) {
        std::memset(sums, 0, sizeof sums);
        add_panel_here(a + i * n, n, 1, packed + k * n, n, count, sums);
        for (std::int64_t r = 0; r < count; ++r)
          std::memcpy(z + (i + r) * m + k, &sums[r], static_cast<std::size_t>(std::min(lanes, m - k)) * sizeof(T));
      }
    }
  });
}

template <typename T>
void accumulate_narrow(const T* a, const T* b, std::int64_t rows, std::int64_t n, std::int64_t m, T sign, T* c,
                       Scratch& scratch) {
  constexpr std::int64_t lanes = Wide<T>::lanes, chunk = 64;
  using Vector = typename Wide<T>::type;
  count_operations(2 * rows * n * m);
  const T* packed = pack(b, rows, m, scratch);
  const std::int64_t panels = (m + lanes - 1) / lanes;
  auto* sums = reinterpret_cast<Vector*>(scratch.take_zeroed<T>(panels * n * lanes));
  // Each thread has its columns of A to itself, for all rows: no sums to reconcile, the same bits for any number.
  parallel_for(n, chunk, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = 0; i < rows; i += chunk)
      for (std::int64_t panel = 0; panel < panels; ++panel)
        add_panel_here(a + i * n + begin, 1, n, packed + (panel * rows + i) * lanes, std::min(chunk, rows - i),
                       end - begin, sums + panel * n + begin);
    for (std::int64_t j = begin; j < end; ++j)
      for (std::int64_t k = 0; k < m; ++k) c[j * m + k] += sign * sums[k / lanes * n + j][k % lanes];
  });
}

template void multiply_narrow(const double*, const double*, std::int64_t, std::int64_t, std::int64_t, double*,
                              Scratch&);
template void multiply_narrow(const float*, const float*, std::int64_t, std::int64_t, std::int64_t, float*, Scratch&);
template void accumulate_narrow(const double*, const double*, std::int64_t, std::int64_t, std::int64_t, double, double*,
                                Scratch&);
template void accumulate_narrow(const float*, const float*, std::int64_t, std::int64_t, std::int64_t, float, float*,
                                Scratch&);

}  // namespace bpls
