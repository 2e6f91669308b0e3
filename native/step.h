#pragma once

#include "network.h"
#include "scratch.h"

namespace bpls {

/// Kronecker-factored curvature of every hidden layer (Botev, Ritter and Barber 2017, arXiv 1706.03662).
/// slopes[l] holds M_l = D_lᵀ diag(s) D_l (N_l×N_l, lower triangle) of samples whose weights s sum to `weight`, and
/// becomes the full symmetric
///   C_L = V_out diag(share / samples) V_outᵀ ∘ M_L / weight,   C_{l-1} = V_l C_l V_lᵀ ∘ M_{l-1} / weight.
template <typename T>
void curvature(const Network<T>& hidden, const Layer<T>& output, const T* share, std::int64_t samples, double weight,
               const std::vector<T*>& slopes, Scratch& scratch);

struct StepOutcome {
  int info;                        ///< > 0: a damped factor was not positive definite in this precision
  double rcond_gram, rcond_slope;  ///< of the two damped factors
};

/// Damped two-sided least squares for one hidden layer: (G + aI) ΔW (C + bI) = g,
/// G = gram / samples, g = rhs / samples - ridge V, a = r · mean diagonal of G (its constant's entry apart: that row
/// gets r), b = r tr(C)/N, where r² is the damping and the ridge ÷ both means, so that ab is the ridge and the damping:
/// a common factor of the inputs does not matter, and as the damping falls, V goes to 0 in one step where the data say
/// nothing. change (ΔW) may be rhs; it is written only where both factors were found.
template <typename T>
StepOutcome two_sided_step(const T* gram, std::int64_t n, const T* curvature, std::int64_t units, const T* rhs,
                           const T* weights, std::int64_t samples, T ridge, T damping, T* change, Scratch& scratch);

/// moved = alpha change + beta moved, next = weights + moved; all have `count` elements, change may be moved.
template <typename T>
void combine(const T* weights, const T* change, T alpha, T beta, std::int64_t count, T* moved, T* next);

}  // namespace bpls
