#include "step.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "blas.h"
#include "cholesky.h"
#include "lapack.h"
#include "normal_equations.h"
#include "parallel.h"

namespace bpls {
namespace {

/// Full symmetric product ∘ slopes / weight, written over the lower triangle that `slopes` holds.
template <typename T>
void weigh(const T* product, std::int64_t n, T weight, T* slopes) {
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j <= i; ++j) slopes[i * n + j] *= product[i * n + j] / weight;
  constexpr std::int64_t tile = 64;
  parallel_for((n + tile - 1) / tile, 2, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin * tile; i < std::min(n, end * tile); i += tile)
      for (std::int64_t j = i; j < n; j += tile)
        for (std::int64_t k = j; k < std::min(n, j + tile); ++k)
          for (std::int64_t l = i; l < std::min({n, i + tile, k}); ++l) slopes[l * n + k] = slopes[k * n + l];
  });
}

/// Of the first n rows and columns.
template <typename T>
T trace(const T* matrix, std::int64_t n, std::int64_t stride) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(matrix[i * stride + i]);
  return static_cast<T>(sum);
}

}  // namespace

template <typename T>
void curvature(const Network<T>& hidden, const Layer<T>& output, const T* share, std::int64_t samples, double weight,
               const std::vector<T*>& slopes, Scratch& scratch) {
  for (std::size_t l = hidden.size(); l-- > 0;) {
    const Layer<T>& above = l + 1 == hidden.size() ? output : hidden[l + 1];
    const std::int64_t n = above.inputs, m = above.units;
    T* scaled = scratch.take<T>(n * m);
    T* product = scratch.take<T>(n * n);
    if (l + 1 == hidden.size()) {
      for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t k = 0; k < m; ++k)
          scaled[i * m + k] = above.weights[i * m + k] * (share[k] / static_cast<T>(samples));
    } else {
      gemm(no_trans, no_trans, n, m, m, T(1), above.weights, m, slopes[l + 1], m, T(0), scaled, m);
    }
    gemm(no_trans, trans, n, n, m, T(1), scaled, m, above.weights, m, T(0), product, n);
    weigh(product, n, static_cast<T>(weight > 0 ? weight : 1), slopes[l]);
  }
}

template <typename T>
StepOutcome two_sided_step(const T* gram, std::int64_t n, const T* curvature, std::int64_t units, const T* rhs,
                           const T* weights, std::int64_t samples, T ridge, T damping, T* change, Scratch& scratch) {
  const std::int64_t p = n + 1;
  const T weight = T(1) / static_cast<T>(samples);
  const T inputs = trace(gram, n, p) * weight / static_cast<T>(n);
  const T slopes = trace(curvature, units, units) / static_cast<T>(units);
  const T share = inputs * slopes > T(0) ? ridge / inputs / slopes : T(0);
  // Inputs near the end of the range: a stays within it.
  const T root = std::min(std::sqrt(damping + share), std::numeric_limits<T>::max() / 4 / std::max(inputs, T(1)));
  const T a = root * inputs, b = root * slopes;

  T* gradient = scratch.take<T>(p * units);
  parallel_for(p, rows_to_touch(units), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin * units; i < end * units; ++i)
      gradient[i] = rhs[i] * weight - (i < n * units ? ridge * weights[i] : T(0));
  });

  // Left: (G + aI) M = g.
  T* factor = scratch.take<T>(p * p);
  T* left = scratch.take<T>(p * units);
  const CholeskyOutcome first = solve_cholesky(gram, p, weight, a, root, gradient, units, factor, left, scratch);
  if (first.info > 0) return {first.info, 0, 0};

  // Right: ΔW (C + bI) = M. Row-major ΔW is column-major ΔWᵀ, so that its rows are LAPACK's right-hand sides.
  T* right = scratch.take<T>(units * units);
  std::copy_n(curvature, units * units, right);
  for (std::int64_t i = 0; i < units; ++i) right[i * units + i] += b;
  T* work = scratch.take<T>(3 * units);
  const T norm = lansy(units, right, work);
  if (!std::isfinite(norm)) return {1, first.rcond, 0};
  const int info = posv_shared(units, p, right, left);
  if (info > 0) return {info, first.rcond, 0};
  std::copy_n(left, p * units, change);
  return {0, first.rcond, static_cast<double>(pocon(units, right, norm, work, scratch.take<int>(units)))};
}

template <typename T>
void combine(const T* weights, const T* change, T alpha, T beta, std::int64_t count, T* moved, T* next) {
  parallel_for(count, rows_to_touch(1), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      moved[i] = alpha * change[i] + beta * moved[i];
      next[i] = weights[i] + moved[i];
    }
  });
}

#define BPLS_INSTANTIATE(T)                                                                                           \
  template void curvature(const Network<T>&, const Layer<T>&, const T*, std::int64_t, double, const std::vector<T*>&, \
                          Scratch&);                                                                                  \
  template StepOutcome two_sided_step(const T*, std::int64_t, const T*, std::int64_t, const T*, const T*,             \
                                      std::int64_t, T, T, T*, Scratch&);                                              \
  template void combine(const T*, const T*, T, T, std::int64_t, T*, T*);
BPLS_INSTANTIATE(double)
BPLS_INSTANTIATE(float)
#undef BPLS_INSTANTIATE

}  // namespace bpls
