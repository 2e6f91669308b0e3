#pragma once

#include "forward.h"

namespace bpls {

/// First-layer weights from differences of two samples: w = (x_i - x_j) ∘ mask, scaled to unit deviation of xᵀw + b
/// over the `probe` rows, with b = -wᵀ(x_i + x_j)/2, so that the unit is zero half-way between the two.
/// `pairs` names `candidates` pairs (i, j) for each unit; the first whose masked difference is not zero is taken.
/// `masks` (units×d) may be null. Writes columns first … first+units-1 of weights ((d+1)×total).
template <typename T>
void contrast(const Samples<T>& samples, const Rows& probe, const std::int32_t* pairs, std::int64_t candidates,
              const T* masks, std::int64_t first, std::int64_t units, std::int64_t total, T* weights, Scratch& scratch);

}  // namespace bpls
