#pragma once

#include "forward.h"
#include "targets.h"

namespace bpls {

/// A change of the weights of every hidden layer.
template <typename T>
using Direction = std::vector<const T*>;

/// What the quadratic model of the objective needs along directions D_0, D_1: sums over the outputs with a residual R,
/// with dZ_i the derivative of the outputs along D_i and the targets' weights s (R has them as a factor).
struct TangentSums {
  double slope[2] = {};         ///< Σ R · dZ_i
  double curvature[2][2] = {};  ///< Σ s dZ_i · dZ_j
};

/// One batch: the outputs' derivatives by forward differentiation, dZ_l = [H_{l-1}, 1] D_l + dH_{l-1} V_l,
/// dH_l = f′(Z_l) ∘ dZ_l. Each output_rhs[i] ((N_L+1)×K) += [H_L, 1]ᵀ diag(s) dZ_i, from which follows how much of dZ_i
/// the output layer will take up when it is solved again.
template <typename T>
TangentSums tangent(const Network<T>& hidden, const Layer<T>& output, const std::vector<Direction<T>>& directions,
                    const Samples<T>& samples, const Rows& rows, const Cache<T>& cache, const Targets<T>& targets,
                    const std::vector<T*>& output_rhs, bool clear, Scratch& scratch);

}  // namespace bpls
