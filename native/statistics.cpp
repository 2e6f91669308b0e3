#include "statistics.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "clones.h"
#include "parallel.h"

namespace bpls {
namespace {

// x - x is zero for finite x and NaN otherwise, so that a whole block is tested with one comparison.
template <typename T>
BPLS_INLINE T finite_test(const T* x, std::int64_t count) {
  T sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum = (x[i] - x[i]) == T(0) ? sum : T(1);
  return sum;
}

BPLS_CLONES bool block_is_finite(const double* x, std::int64_t count) { return finite_test(x, count) == 0; }
BPLS_CLONES bool block_is_finite(const float* x, std::int64_t count) { return finite_test(x, count) == 0; }

/// Of the rows [begin, end): sums about `centre`, which keeps them small for columns far from zero, those of squares,
/// and least and greatest, each of `cols`; a row counts as `weights` says (null: all are 1), one of weight 0 not at
/// all.
template <typename T>
BPLS_INLINE void add_block(const T* x, const T* weights, const T* centre, std::int64_t begin, std::int64_t end,
                           std::int64_t cols, double* sums) {
  double *sum = sums, *squares = sums + cols, *least = sums + 2 * cols, *greatest = sums + 3 * cols;
  for (std::int64_t i = begin; i < end; ++i) {
    const double weight = weights ? static_cast<double>(weights[i]) : 1.0;
    if (weight == 0) continue;
    for (std::int64_t j = 0; j < cols; ++j) {
      const double value = static_cast<double>(x[i * cols + j]), centred = value - static_cast<double>(centre[j]);
      sum[j] += weight * centred;
      squares[j] += weight * (centred * centred);
      least[j] = value < least[j] ? value : least[j];
      greatest[j] = value > greatest[j] ? value : greatest[j];
    }
  }
}

// target_clones does not take templates.
BPLS_CLONES void add_rows(const double* x, const double* weights, const double* centre, std::int64_t begin,
                          std::int64_t end, std::int64_t cols, double* sums) {
  add_block(x, weights, centre, begin, end, cols, sums);
}

BPLS_CLONES void add_rows(const float* x, const float* weights, const float* centre, std::int64_t begin,
                          std::int64_t end, std::int64_t cols, double* sums) {
  add_block(x, weights, centre, begin, end, cols, sums);
}

}  // namespace

template <typename T>
std::int64_t find_non_finite(const T* x, std::int64_t count) {
  std::atomic<std::int64_t> found = count;
  parallel_for(count, 1 << 18, [&](std::int64_t begin, std::int64_t end) {
    constexpr std::int64_t block = 4096;
    for (std::int64_t i = begin; i < end; i += block) {
      const std::int64_t size = std::min(block, end - i);
      if (block_is_finite(x + i, size)) continue;
      std::int64_t at = i;
      // Whoever lent the array may write to it meanwhile: what was seen above may be gone.
      while (at < i + size && std::isfinite(x[at])) ++at;
      if (at == i + size) continue;
      std::int64_t known = found;
      while (at < known && !found.compare_exchange_weak(known, at)) {
      }
      return;
    }
  });
  return found == count ? -1 : found.load();
}

template <typename T>
std::int64_t column_statistics(const T* x, const T* weights, std::int64_t rows, std::int64_t cols, double* mean,
                               double* deviation, double* least, double* greatest, Scratch& scratch) {
  const std::int64_t bad = find_non_finite(x, rows * cols);
  if (bad >= 0) return bad;
  std::int64_t central = 0;
  double total = static_cast<double>(rows);
  if (weights) {
    // One that hardly counts may lie far from all that do.
    central = std::max_element(weights, weights + rows) - weights;
    total = 0;
    for (std::int64_t i = 0; i < rows; ++i) total += static_cast<double>(weights[i]);
  }
  const T* centre = x + central * cols;
  // A fixed number of parts, summed in order: the same bits whatever the number of threads.
  constexpr std::int64_t parts = 16;
  double* sums = scratch.take_zeroed<double>(parts * 4 * cols);
  parallel_for(parts, 1, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part) {
      double* own = sums + part * 4 * cols;
      std::fill_n(own + 2 * cols, cols, std::numeric_limits<double>::infinity());
      std::fill_n(own + 3 * cols, cols, -std::numeric_limits<double>::infinity());
      add_rows(x, weights, centre, rows * part / parts, rows * (part + 1) / parts, cols, own);
    }
  });
  for (std::int64_t j = 0; j < cols; ++j) {
    double sum = 0, squares = 0;
    least[j] = sums[2 * cols + j];
    greatest[j] = sums[3 * cols + j];
    for (std::int64_t part = 0; part < parts; ++part) {
      const double* own = sums + part * 4 * cols;
      sum += own[j];
      squares += own[cols + j];
      least[j] = std::min(least[j], own[2 * cols + j]);
      greatest[j] = std::max(greatest[j], own[3 * cols + j]);
    }
    const double shift = sum / total, variance = squares / total - shift * shift;
    mean[j] = static_cast<double>(centre[j]) + shift;
    // Squares of less than 1e-154 are nothing and of more than 1e154 too much: then as if all values were equally
    // likely.
    const bool lost =
        !std::isfinite(variance) || (squares < std::numeric_limits<double>::min() && least[j] < greatest[j]);
    deviation[j] =
        lost ? greatest[j] / std::sqrt(12.0) - least[j] / std::sqrt(12.0) : std::sqrt(std::max(0.0, variance));
    if (!std::isfinite(mean[j])) mean[j] = least[j] / 2 + greatest[j] / 2;
  }
  return -1;
}

template std::int64_t find_non_finite(const double*, std::int64_t);
template std::int64_t find_non_finite(const float*, std::int64_t);
template std::int64_t column_statistics(const double*, const double*, std::int64_t, std::int64_t, double*, double*,
                                        double*, double*, Scratch&);
template std::int64_t column_statistics(const float*, const float*, std::int64_t, std::int64_t, double*, double*,
                                        double*, double*, Scratch&);

}  // namespace bpls
