#include "forward.h"

#include <algorithm>
#include <cmath>

#include "normal_equations.h"
#include "parallel.h"

namespace bpls {
namespace {

/// Rows of a contiguous matrix, gathered into scratch.
template <typename T>
T* gather(const T* matrix, std::int64_t cols, const Rows& rows, Scratch& scratch) {
  T* target = scratch.take<T>(rows.count * cols);
  parallel_for(rows.count, rows_to_touch(cols), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) std::copy_n(matrix + rows[i] * cols, cols, target + i * cols);
  });
  return target;
}

}  // namespace

template <typename T>
const T* load(const Samples<T>& samples, const Rows& rows, Scratch& scratch) {
  const std::int64_t cols = samples.cols;
  if (!samples.scale) {
    if (!rows.indices) return samples.data + rows.start * cols;
    return gather(samples.data, cols, rows, scratch);
  }
  T* target = scratch.take<T>(rows.count * cols);
  parallel_for(rows.count, rows_to_touch(cols), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T* from = samples.data + rows[i] * cols;
      T* to = target + i * cols;
      for (std::int64_t j = 0; j < cols; ++j) to[j] = (from[j] - samples.shift[j]) * samples.scale[j];
      if (!samples.asinh) continue;
      for (std::int64_t j = 0; j < cols; ++j)
        if (samples.asinh[j] != 0) to[j] = std::asinh(to[j]);
    }
  });
  return target;
}

template <typename T>
Activations<T> forward(const Network<T>& network, const Samples<T>& samples, const Rows& rows, const Cache<T>& cache,
                       Scratch& scratch) {
  const bool keep = cache.data && !rows.indices;
  Activations<T> result{{load(samples, rows, scratch)}};
  T* region = cache.data;
  for (const Layer<T>& layer : network) {
    T* out = keep ? region + cache.slot * layer.units : scratch.take<T>(rows.count * layer.units);
    region += keep ? cache.rows * layer.units : 0;
    multiply(result.values.back(), layer.weights, rows.count, layer.inputs, layer.units, out, scratch);
    activate(layer.activation, out, layer.bias(), rows.count, layer.units);
    result.values.push_back(out);
  }
  return result;
}

template <typename T>
Activations<T> recall(const Network<T>& network, const Samples<T>& samples, const Rows& rows, const Cache<T>& cache,
                      std::size_t lowest, Scratch& scratch) {
  if (!cache.data) return forward(network, samples, rows, Cache<T>{}, scratch);
  Activations<T> result{{lowest == 0 ? load(samples, rows, scratch) : nullptr}};
  const Rows kept{rows.start, rows.count, cache.slots};
  const T* region = cache.data;
  for (const Layer<T>& layer : network) {
    const T* values = region + cache.slot * layer.units;
    if (rows.indices) values = lowest <= result.values.size() ? gather(region, layer.units, kept, scratch) : nullptr;
    result.values.push_back(values);
    region += cache.rows * layer.units;
  }
  return result;
}

template <typename T>
T* pre_activations(const Layer<T>& layer, const T* h, std::int64_t rows, Scratch& scratch) {
  T* z = scratch.take<T>(rows * layer.units);
  multiply(h, layer.weights, rows, layer.inputs, layer.units, z, scratch);
  activate(Activation::identity, z, layer.bias(), rows, layer.units);
  return z;
}

#define BPLS_INSTANTIATE(T)                                                                                       \
  template const T* load(const Samples<T>&, const Rows&, Scratch&);                                               \
  template Activations<T> forward(const Network<T>&, const Samples<T>&, const Rows&, const Cache<T>&, Scratch&);  \
  template Activations<T> recall(const Network<T>&, const Samples<T>&, const Rows&, const Cache<T>&, std::size_t, \
                                 Scratch&);                                                                       \
  template T* pre_activations(const Layer<T>&, const T*, std::int64_t, Scratch&);
BPLS_INSTANTIATE(double)
BPLS_INSTANTIATE(float)
#undef BPLS_INSTANTIATE

}  // namespace bpls
