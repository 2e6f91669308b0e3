#pragma once

#include <functional>

#include "scratch.h"

namespace bpls {

/// Products with a matrix of few columns, which BLAS's packing makes dear: the tall matrix is read once, from where it
/// lies. Worth it up to this many columns.
constexpr std::int64_t narrow_columns = 32;

/// Z (rows×m) = A (rows×n) V (n×m); 2 rows n m operations.
template <typename T>
void multiply_narrow(const T* a, const T* v, std::int64_t rows, std::int64_t n, std::int64_t m, T* z, Scratch& scratch);

/// Z (rows×m) = A V as above; then `revise(begin, end)` rewrites those rows of Z, and C (n×m), where it is given, +=
/// AᵀZ. Block by block, so that A comes from memory once: 2 rows n m operations, and as many for the rows of Z that are
/// not zero. revise is called by several threads.
template <typename T>
void revise_narrow(const T* a, const T* v, std::int64_t rows, std::int64_t n, std::int64_t m,
                   const std::function<void(std::int64_t, std::int64_t)>& revise, T* z, T* c, Scratch& scratch);

/// C (n×m) += sign AᵀB for A (rows×n), B (rows×m); 2 n m operations for each row that is not zero in B.
template <typename T>
void accumulate_narrow(const T* a, const T* b, std::int64_t rows, std::int64_t n, std::int64_t m, T sign, T* c,
                       Scratch& scratch);

}  // namespace bpls
