#pragma once

#include <functional>

#include "scratch.h"

namespace bpls {

/// Writes rows first … first+count-1 of [A, B] into columns that are `stride` apart.
template <typename T>
using RowSource = std::function<void(std::int64_t first, std::int64_t count, T* columns, std::int64_t stride)>;

/// R of A = Q R for A (rows×n, rows >= n) with the first n rows of QᵀB (B rows×m) beside it: n×(n+m), column-major,
/// zeros below R. It has A's Gram matrix, singular values and least-squares solutions of B. Each thread reduces rows of
/// its own, block by block, so that the memory does not grow with them, and the triangles are reduced to one.
template <typename T>
void to_triangle(const RowSource<T>& source, std::int64_t rows, std::int64_t n, std::int64_t m, T* triangle,
                 Scratch& scratch);

/// R (n+1 square, upper triangle, row-major) becomes the R-factor of [R; diag(√weights) [A, 1]] for A (rows×n), weights
/// null where all are 1: a QR factorisation that takes in rows batch by batch. RᵀR is the Gram matrix, but R keeps the
/// accuracy that forming RᵀR loses.
template <typename T>
void accumulate_triangle(const T* a, const T* weights, std::int64_t rows, std::int64_t n, T* r, Scratch& scratch);

}  // namespace bpls
