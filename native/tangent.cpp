#include "tangent.h"

#include <algorithm>

#include "blas.h"
#include "normal_equations.h"

namespace bpls {
namespace {

/// Σ x y in order.
template <typename T>
double inner_product(const T* x, const T* y, std::int64_t count) {
  double sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(y[i]);
  return sum;
}

template <typename T>
void output_derivative(const Network<T>& hidden, const Layer<T>& output, const Direction<T>& direction,
                       const Activations<T>& values, std::int64_t rows, T* const (&buffers)[2], T* dz,
                       Scratch& scratch) {
  const T* below = nullptr;
  for (std::size_t l = 0; l < hidden.size(); ++l) {
    const Layer<T>& layer = hidden[l];
    const std::int64_t n = layer.inputs, m = layer.units;
    T* dh = buffers[l % 2];
    gemm(no_trans, no_trans, rows, m, n, T(1), values[l], n, direction[l], m, T(0), dh, m);
    if (below) gemm(no_trans, no_trans, rows, m, n, T(1), below, n, layer.weights, m, T(1), dh, m);
    add_and_scale(layer.activation, values[l + 1], direction[l] + n * m, dh, rows, m);
    below = dh;
  }
  multiply(below, output.weights, rows, output.inputs, output.units, dz, scratch);
}

}  // namespace

template <typename T>
TangentSums tangent(const Network<T>& hidden, const Layer<T>& output, const std::vector<Direction<T>>& directions,
                    const Samples<T>& samples, const Rows& rows, const Cache<T>& cache, const Targets<T>& targets,
                    const std::vector<T*>& output_rhs, bool clear, Scratch& scratch) {
  const Activations<T> values = recall(hidden, samples, rows, cache, 0, scratch);
  const std::int64_t count = rows.count * output.units;
  const T* weights = weights_of(targets, rows, scratch);
  const T* r =
      residuals<T>(output, values[hidden.size()], rows, targets, weights, nullptr, nullptr, nullptr, scratch).values;
  if (clear)
    for (T* rhs : output_rhs) std::fill_n(rhs, (output.inputs + 1) * output.units, T(0));
  const std::int64_t size = rows.count * widest(hidden);
  T* const buffers[2] = {scratch.take<T>(size), scratch.take<T>(size)};
  std::vector<const T*> dz, weighted;
  for (std::size_t i = 0; i < directions.size(); ++i) {
    T* derivative = scratch.take<T>(count);
    output_derivative(hidden, output, directions[i], values, rows.count, buffers, derivative, scratch);
    // Outputs without a residual ask for nothing, whichever way they move.
    for (std::int64_t j = 0; j < count; ++j) derivative[j] = r[j] != T(0) ? derivative[j] : T(0);
    dz.push_back(derivative);
    if (weights) {
      T* product = scratch.take<T>(count);
      for (std::int64_t j = 0; j < count; ++j) product[j] = weights[j / output.units] * derivative[j];
      derivative = product;
    }
    weighted.push_back(derivative);
    accumulate_rhs(values[hidden.size()], derivative, rows.count, output.inputs, output.units, output_rhs[i], scratch);
  }
  TangentSums sums;
  for (std::size_t i = 0; i < dz.size(); ++i) {
    sums.slope[i] = inner_product(r, dz[i], count);
    for (std::size_t j = 0; j <= i; ++j)
      sums.curvature[i][j] = sums.curvature[j][i] = inner_product(dz[i], weighted[j], count);
  }
  return sums;
}

#define BPLS_INSTANTIATE(T)                                                                          \
  template TangentSums tangent(const Network<T>&, const Layer<T>&, const std::vector<Direction<T>>&, \
                               const Samples<T>&, const Rows&, const Cache<T>&, const Targets<T>&,   \
                               const std::vector<T*>&, bool, Scratch&);
BPLS_INSTANTIATE(double)
BPLS_INSTANTIATE(float)
#undef BPLS_INSTANTIATE

}  // namespace bpls
