#pragma once

#include "scratch.h"

namespace bpls {

/// Mean, deviation (population), least and greatest of every column of X (rows×cols), each of cols elements, where a
/// row counts as often as `weights` says (null: once), one of weight 0 not at all. Returns the index of the first
/// element that is NaN or infinite, or -1.
template <typename T>
std::int64_t column_statistics(const T* x, const T* weights, std::int64_t rows, std::int64_t cols, double* mean,
                               double* deviation, double* least, double* greatest, Scratch& scratch);

/// Index of the first element that is NaN or infinite, or -1.
template <typename T>
std::int64_t find_non_finite(const T* x, std::int64_t count);

}  // namespace bpls
