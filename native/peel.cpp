#include "peel.h"

#include <algorithm>

#include "blas.h"
#include "least_squares.h"
#include "normal_equations.h"
#include "triangle.h"

namespace bpls {
namespace {

/// The desired outputs, as pre-activations.
template <typename T>
T* wanted_outputs(const Layer<T>& output, const T* top, const Rows& rows, const Targets<T>& targets, Scratch& scratch) {
  T* t = pre_activations(output, top, rows.count, scratch);
  want(targets, rows, output.units, t);
  return t;
}

}  // namespace

template <typename T>
void peel(const Network<T>& hidden, const Layer<T>& output, const std::vector<SolvedLayer<T>>& solved, Rule rule,
          const Samples<T>& samples, const Rows& rows, const Cache<T>& cache, const Targets<T>& targets,
          const PeeledLayer<T>& into, Scratch& scratch) {
  const Activations<T> values = recall(hidden, samples, rows, cache, hidden.size() - solved.size(), scratch);
  const std::int64_t count = rows.count;
  std::size_t l = hidden.size();
  T* t = wanted_outputs(output, values[l], rows, targets, scratch);
  for (const SolvedLayer<T>& above : solved) {
    const auto [weights, inputs, units, activation] = above.layer;
    T* x = scratch.take<T>(count * inputs);
    const bool nearest = rule == Rule::nearest;
    if (nearest) {
      subtract_product(values[l], weights, count, inputs, units, t);
      std::copy_n(values[l], count * inputs, x);
    } else {
      subtract_row(above.layer.bias(), count, units, t);
    }
    gemm(no_trans, no_trans, count, inputs, units, T(1), t, units, above.pseudo_inverse, inputs, nearest ? T(1) : T(0),
         x, inputs);
    --l;
    invert(hidden[l].activation, x, count * inputs);
    t = x;
  }
  const Layer<T>& layer = l == hidden.size() ? output : hidden[l];
  if (into.clear) {
    const std::int64_t p = layer.inputs + 1;
    if (into.gram) std::fill_n(into.gram, p * p, T(0));
    if (into.rhs) std::fill_n(into.rhs, p * layer.units, T(0));
  }
  if (into.weights) subtract_product(values[l], into.weights, count, layer.inputs, layer.units, t);
  if (into.gram) accumulate_gram(values[l], count, layer.inputs, into.gram, scratch);
  if (into.rhs) accumulate_rhs(values[l], t, count, layer.inputs, layer.units, into.rhs, scratch);
  if (into.triangle) accumulate_triangle<T>(values[l], nullptr, count, layer.inputs, into.triangle, scratch);
}

#define BPLS_INSTANTIATE(T)                                                                                           \
  template void peel(const Network<T>&, const Layer<T>&, const std::vector<SolvedLayer<T>>&, Rule, const Samples<T>&, \
                     const Rows&, const Cache<T>&, const Targets<T>&, const PeeledLayer<T>&, Scratch&);
BPLS_INSTANTIATE(double)
BPLS_INSTANTIATE(float)
#undef BPLS_INSTANTIATE

}  // namespace bpls
