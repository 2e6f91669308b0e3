#pragma once

#include "forward.h"
#include "normal_equations.h"
#include "targets.h"

namespace bpls {

/// What one batch adds to. Null parts are skipped, with the work that only they need.
template <typename T>
struct Accumulators {
  /// [H_l, 1]ᵀ diag(s) [H_l, 1] for l = 0 … L with the targets' weights s, each ((N_l+1)×(N_l+1), lower triangle).
  std::vector<T*> grams;
  /// [H_L, 1]ᵀ R ((N_L+1)×K) of the output layer.
  T* output_rhs = nullptr;
  /// [H_{l-1}, 1]ᵀ E_l of the hidden layers l = 1 … L: the desired changes, back-propagated.
  std::vector<T*> hidden_rhs;
  /// D_lᵀ diag(s) D_l (N_l×N_l, lower triangle), D_l = f′(Z_l), of the hidden layers.
  std::vector<T*> slopes;
  /// R-factor (upper triangle, (N_L+1)×(N_L+1)) of [H_L, 1], for a least-squares solution without its Gram matrix.
  T* triangle = nullptr;
  /// Marks of all samples (S), written; samples with a residual in each output (K), added to.
  std::uint8_t* marks = nullptr;
  T* share = nullptr;
  /// Of the output layer's weights, before the sums: at the first batch of a pass, where it has a factor.
  Advance<T> step;
  /// The sums start from zero: the first batch of a pass. (The triangle starts from what it holds.)
  bool clear = false;
};

/// One batch through the network: forward (or back from the cache), the residual of the output layer, the desired
/// changes of the layers below as E_L = (R V_outᵀ) ∘ f′(Z_L), E_{l-1} = (E_l V_lᵀ) ∘ f′(Z_{l-1}), and the sums that
/// the normal equations of every layer need.
template <typename T>
Tally sweep(const Network<T>& hidden, const Layer<T>& output, const Samples<T>& samples, const Rows& rows,
            const Cache<T>& cache, bool cached, const Targets<T>* targets, const Accumulators<T>& into,
            Scratch& scratch);

}  // namespace bpls
