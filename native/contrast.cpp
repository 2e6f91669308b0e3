#include "contrast.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "blas.h"
#include "parallel.h"

namespace bpls {
namespace {

/// w = (x_i - x_j) ∘ mask, normalised, and b; false where the masked samples do not differ.
template <typename T>
bool direction(const T* x, const T* y, const T* mask, std::int64_t d, T* w, T& b) {
  double squares = 0, centre = 0;
  for (std::int64_t j = 0; j < d; ++j) {
    w[j] = (x[j] - y[j]) * (mask ? mask[j] : T(1));
    squares += static_cast<double>(w[j]) * static_cast<double>(w[j]);
  }
  if (!(squares > 0)) return false;
  const T norm = static_cast<T>(std::sqrt(squares));
  for (std::int64_t j = 0; j < d; ++j) {
    w[j] /= norm;
    centre += static_cast<double>(w[j]) * (static_cast<double>(x[j]) + static_cast<double>(y[j])) / 2;
  }
  b = static_cast<T>(-centre);
  return true;
}

}  // namespace

template <typename T>
void contrast(const Samples<T>& samples, const Rows& probe, const std::int32_t* pairs, std::int64_t candidates,
              const T* masks, std::int64_t first, std::int64_t units, std::int64_t total, T* weights,
              Scratch& scratch) {
  const std::int64_t d = samples.cols, count = probe.count;
  const T* x = load(samples, Rows{0, units * candidates * 2, pairs}, scratch);
  T* w = scratch.take_zeroed<T>(units * d);  // one unit a row
  T* b = scratch.take_zeroed<T>(units);
  parallel_for(units, rows_to_touch(candidates * d), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t u = begin; u < end; ++u)
      for (std::int64_t c = 0; c < candidates; ++c) {
        const T* pair = x + (u * candidates + c) * 2 * d;
        if (direction(pair, pair + d, masks ? masks + u * d : nullptr, d, w + u * d, b[u])) break;
      }
  });
  const T* probed = load(samples, probe, scratch);
  T* z = scratch.take<T>(units * count);
  gemm(no_trans, trans, units, count, d, T(1), w, d, probed, d, T(0), z, count);
  parallel_for(units, rows_to_touch(count), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t u = begin; u < end; ++u) {
      double sum = 0, squares = 0, greatest = 0;
      for (std::int64_t i = 0; i < count; ++i) {
        sum += static_cast<double>(z[u * count + i]);
        greatest = std::max(greatest, std::abs(static_cast<double>(z[u * count + i])));
      }
      const double mean = sum / static_cast<double>(count);
      for (std::int64_t i = 0; i < count; ++i) {
        const double centred = static_cast<double>(z[u * count + i]) - mean;
        squares += centred * centred;
      }
      const double deviation = std::sqrt(squares / static_cast<double>(count));
      // Less is what rounding left of a constant.
      const bool varies = deviation > 4 * static_cast<double>(std::numeric_limits<T>::epsilon()) * greatest;
      const T scale = varies ? static_cast<T>(1 / deviation) : T(1);
      for (std::int64_t j = 0; j < d; ++j) weights[j * total + first + u] = w[u * d + j] * scale;
      weights[d * total + first + u] = b[u] * scale;
    }
  });
}

template void contrast(const Samples<double>&, const Rows&, const std::int32_t*, std::int64_t, const double*,
                       std::int64_t, std::int64_t, std::int64_t, double*, Scratch&);
template void contrast(const Samples<float>&, const Rows&, const std::int32_t*, std::int64_t, const float*,
                       std::int64_t, std::int64_t, std::int64_t, float*, Scratch&);

}  // namespace bpls
