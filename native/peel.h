#pragma once

#include "forward.h"
#include "targets.h"

namespace bpls {

/// How the desired values x of a layer follow from the desired pre-activations t of the layer above (option `targets`).
/// inverse: x = V⁺(t - b), the minimum-norm solution. nearest: x = h + V⁺(t - z), the one nearest to the present value.
enum class Rule : std::int32_t { inverse, nearest };

/// A layer that is solved already: its new weights and the pseudo-inverse V⁺ (units×inputs) of its V.
template <typename T>
struct SolvedLayer {
  Layer<T> layer;
  const T* pseudo_inverse;
};

/// Where the peeled layer's normal equations go: gram and rhs, or the triangle, each null when not wanted.
template <typename T>
struct PeeledLayer {
  T* gram = nullptr;
  T* rhs = nullptr;
  T* triangle = nullptr;
  /// Weights whose residual is wanted in rhs: T - [H, 1] W instead of T. May be null.
  const T* weights = nullptr;
  /// The sums start from zero: the first batch of a pass. (The triangle starts from what it holds.)
  bool clear = false;
};

/// One batch of the paper's pass at layer `l` (0-based; hidden.size() is the output layer): the desired outputs go
/// down through the solved layers above it (`solved`, topmost first) to its desired pre-activations T, and
/// gram += [H, 1]ᵀ[H, 1], rhs += [H, 1]ᵀ T for its inputs H.
template <typename T>
void peel(const Network<T>& hidden, const Layer<T>& output, const std::vector<SolvedLayer<T>>& solved, Rule rule,
          const Samples<T>& samples, const Rows& rows, const Cache<T>& cache, const Targets<T>& targets,
          const PeeledLayer<T>& into, Scratch& scratch);

}  // namespace bpls
