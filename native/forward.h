#pragma once

#include "network.h"
#include "scratch.h"

namespace bpls {

/// The batch's samples as a contiguous matrix: the caller's own memory where that serves, a copy in scratch otherwise.
template <typename T>
const T* load(const Samples<T>& samples, const Rows& rows, Scratch& scratch);

/// The batch's inputs H_0 = X and the values H_1 … H_L of its layers, each contiguous.
template <typename T>
struct Activations {
  std::vector<const T*> values;

  const T* operator[](std::size_t layer) const { return values[layer]; }
};

/// H_l = f(H_{l-1} V_l + 1 bᵀ) for every layer. Results go to the cache where it has room for the batch, else to
/// scratch.
template <typename T>
Activations<T> forward(const Network<T>& network, const Samples<T>& samples, const Rows& rows, const Cache<T>& cache,
                       Scratch& scratch);

/// The same, read back from a cache that an earlier forward filled; computed again for a batch that is not kept. Those
/// below `lowest` (0: the samples) may be null, which saves to load them.
template <typename T>
Activations<T> recall(const Network<T>& network, const Samples<T>& samples, const Rows& rows, const Cache<T>& cache,
                      std::size_t lowest, Scratch& scratch);

/// Z = [H, 1] W (rows×units) of one layer, without its activation.
template <typename T>
T* pre_activations(const Layer<T>& layer, const T* h, std::int64_t rows, Scratch& scratch);

}  // namespace bpls
