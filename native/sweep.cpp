#include "sweep.h"

#include <algorithm>

#include "blas.h"
#include "normal_equations.h"
#include "triangle.h"

namespace bpls {
namespace {

/// Peels the layers from the output (whose residual is R) to the input.
template <typename T>
void back_propagate(const Network<T>& hidden, const Layer<T>& output, const Activations<T>& values, const T* r,
                    const T* weights, std::int64_t rows, const Accumulators<T>& into, Scratch& scratch) {
  const T* roots = weights ? roots_of(weights, rows, scratch) : nullptr;
  const std::int64_t size = rows * widest(hidden);
  T* d = scratch.take<T>(size);
  T* changes[2] = {scratch.take<T>(size), scratch.take<T>(size)};
  const Layer<T>* above = &output;
  const T* change = r;
  for (std::size_t l = hidden.size(); l-- > 0; above = &hidden[l]) {
    const Layer<T>& layer = hidden[l];
    T* e = changes[l % 2];
    gemm(no_trans, trans, rows, layer.units, above->units, T(1), change, above->units, above->weights, above->units,
         T(0), e, layer.units);
    scale_by_derivative(layer.activation, values[l + 1], e, d, rows * layer.units);
    if (roots) scale_rows(d, roots, rows, layer.units, d);
    syrk(layer.units, rows, T(1), d, layer.units, into.slopes[l], layer.units, scratch);
    accumulate_rhs(values[l], e, rows, layer.inputs, layer.units, into.hidden_rhs[l], scratch);
    change = e;
  }
}

/// The lowest values that the sums are made of, 0 for the samples.
template <typename T>
std::size_t lowest_of(const Accumulators<T>& into, std::size_t top) {
  if (!into.hidden_rhs.empty()) return 0;
  for (std::size_t l = 0; l < into.grams.size(); ++l)
    if (into.grams[l]) return l;
  return top;
}

template <typename T>
void clear(const Network<T>& hidden, const Layer<T>& output, std::int64_t columns, const Accumulators<T>& into) {
  const auto zero = [](T* sums, std::int64_t count) {
    if (sums) std::fill_n(sums, count, T(0));
  };
  for (std::size_t l = 0; l < into.grams.size(); ++l) {
    const std::int64_t p = (l ? hidden[l - 1].units : columns) + 1;
    zero(into.grams[l], p * p);
  }
  for (std::size_t l = 0; l < into.hidden_rhs.size(); ++l) {
    zero(into.hidden_rhs[l], (hidden[l].inputs + 1) * hidden[l].units);
    zero(into.slopes[l], hidden[l].units * hidden[l].units);
  }
  const std::int64_t p = output.inputs + 1;
  zero(into.output_rhs, p * output.units);
  zero(into.share, output.units);
}

}  // namespace

template <typename T>
Tally sweep(const Network<T>& hidden, const Layer<T>& output, const Samples<T>& samples, const Rows& rows,
            const Cache<T>& cache, bool cached, const Targets<T>* targets, const Accumulators<T>& into,
            Scratch& scratch) {
  if (into.clear && into.step.previous) advance(into.step, output.inputs + 1, output.units, scratch);
  if (into.clear) clear(hidden, output, samples.cols, into);
  const Activations<T> values = cached ? recall(hidden, samples, rows, cache, lowest_of(into, hidden.size()), scratch)
                                       : forward(hidden, samples, rows, cache, scratch);
  const std::int64_t count = rows.count;
  const T* weights = targets ? weights_of(*targets, rows, scratch) : nullptr;
  for (std::size_t l = 0; l < into.grams.size(); ++l) {
    if (!into.grams[l]) continue;
    const std::int64_t n = l ? hidden[l - 1].units : samples.cols;
    if (weights)
      accumulate_weighted_gram(values[l], weights, count, n, into.grams[l], scratch);
    else
      accumulate_gram(values[l], count, n, into.grams[l], scratch);
  }
  const T* top = values[hidden.size()];
  if (into.triangle) accumulate_triangle(top, weights, count, output.inputs, into.triangle, scratch);
  if (!targets) return {};
  const auto [r, tally] =
      residuals(output, top, rows, *targets, weights, into.output_rhs, into.marks, into.share, scratch);
  if (!into.hidden_rhs.empty()) back_propagate(hidden, output, values, r, weights, count, into, scratch);
  return tally;
}

#define BPLS_INSTANTIATE(T)                                                                                       \
  template Tally sweep(const Network<T>&, const Layer<T>&, const Samples<T>&, const Rows&, const Cache<T>&, bool, \
                       const Targets<T>*, const Accumulators<T>&, Scratch&);
BPLS_INSTANTIATE(double)
BPLS_INSTANTIATE(float)
#undef BPLS_INSTANTIATE

}  // namespace bpls
