#pragma once

#include "scratch.h"

namespace bpls {

struct SvdOutcome {
  int info;      ///< > 0: A or B is not finite or the SVD did not converge, and nothing was solved
  int rank;      ///< singular values above the cut
  double rcond;  ///< smallest singular value over the largest, of A itself
};

/// Minimum-norm X (n×m) of ‖A X - B‖ by dgelsd, for A (rows×n) and B (rows×m), which are left as they are;
/// where A has two rows a column and more, on its R-factor.
/// Singular values up to `cut` times the largest count as zero.
template <typename T>
SvdOutcome solve_svd(const T* a, std::int64_t rows, std::int64_t n, const T* b, std::int64_t m, T cut, T* x,
                     Scratch& scratch);

/// P (n×m) = V⁺ for V (m×n) by dposv on the Gram matrix of its shorter side and one Newton-Schulz step
/// P ← P (2I - V P), which squares the error. Returns info and rcond as solve_cholesky does.
template <typename T>
struct CholeskyOutcome pseudo_inverse(const T* v, std::int64_t m, std::int64_t n, T* p, Scratch& scratch);

/// Q (rows×cols, contiguous) with orthonormal columns (rows >= cols) or rows that span the same space, in place of
/// a matrix of full rank.
template <typename T>
void orthonormalise(T* q, std::int64_t rows, std::int64_t cols, Scratch& scratch);

}  // namespace bpls
