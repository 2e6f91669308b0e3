#pragma once

#include "scratch.h"

namespace bpls {

/// Whether a constant column 1 stands behind the columns of A. It is never stored: its row of the Gram matrix is the
/// column sums and the count, its row of the right-hand side the column sums of B.
enum class Intercept : bool { no, yes };

/// sums (n) += sign 1ᵀA for A (rows×n); 2 rows n operations.
template <typename T>
void sum_columns(const T* a, std::int64_t rows, std::int64_t n, T* sums, Scratch& scratch, T sign = T(1));

/// gram (p×p, lower triangle) += sign AᵀA for A (rows×n); p = n, or n + 1 with an intercept. sign = -1 removes rows.
template <typename T>
void accumulate_gram(const T* a, std::int64_t rows, std::int64_t n, T* gram, Scratch& scratch,
                     Intercept intercept = Intercept::yes, T sign = T(1));

/// Square roots of the rows' weights, in scratch.
template <typename T>
const T* roots_of(const T* weights, std::int64_t rows, Scratch& scratch);

/// scaled = diag(factors) A for A (rows×n); scaled may be a.
template <typename T>
void scale_rows(const T* a, const T* factors, std::int64_t rows, std::int64_t n, T* scaled);

/// gram ((n+1)×(n+1), lower triangle) += [A, 1]ᵀ diag(weights) [A, 1] for A (rows×n).
template <typename T>
void accumulate_weighted_gram(const T* a, const T* weights, std::int64_t rows, std::int64_t n, T* gram,
                              Scratch& scratch);

/// rhs (p×m) += sign AᵀB for A (rows×n), B (rows×m).
template <typename T>
void accumulate_rhs(const T* a, const T* b, std::int64_t rows, std::int64_t n, std::int64_t m, T* rhs, Scratch& scratch,
                    Intercept intercept = Intercept::yes, T sign = T(1));

/// rhs (p×m) += sign Aᵀ(B - A W) for A (rows×n), B (rows×m), W (p×m).
template <typename T>
void accumulate_residual(const T* a, const T* b, const T* weights, std::int64_t rows, std::int64_t n, std::int64_t m,
                         T* rhs, Scratch& scratch, Intercept intercept = Intercept::yes, T sign = T(1));

/// Z (rows×m) = A V for A (rows×n), V (n×m).
template <typename T>
void multiply(const T* a, const T* v, std::int64_t rows, std::int64_t n, std::int64_t m, T* z, Scratch& scratch);

/// T (rows×m) -= A W for A (rows×n), W (p×m).
template <typename T>
void subtract_product(const T* a, const T* weights, std::int64_t rows, std::int64_t n, std::int64_t m, T* t,
                      Intercept intercept = Intercept::yes);

/// Every row of T (rows×m) -= row (m).
template <typename T>
void subtract_row(const T* row, std::int64_t rows, std::int64_t m, T* t);

struct CholeskyOutcome {
  int info;      ///< > 0: not positive definite (the order of the leading minor) or not finite; nothing was solved
  double rcond;  ///< reciprocal condition number (1-norm) of the matrix that was factored
};

/// Of which matrix the condition number is told: the one factored, or that scaled to a diagonal of ones (to powers of
/// 2), which is what the error of a Cholesky solution depends on (van der Sluis 1969).
enum class Equilibrate : bool { no, yes };

/// Solve (gram · weight + diag(ridge, …, ridge, last_ridge)) X = rhs by Cholesky (cholesky.h).
/// gram (n×n, lower triangle) and rhs (n×m) are left as they were; factor (n×n) and solution (n×m) are written.
template <typename T>
CholeskyOutcome solve_cholesky(const T* gram, std::int64_t n, T weight, T ridge, T last_ridge, const T* rhs,
                               std::int64_t m, T* factor, T* solution, Scratch& scratch,
                               Equilibrate equilibrate = Equilibrate::no);

/// Solve with the factor that solve_cholesky left: solution (n×m) = factor⁻¹ rhs.
template <typename T>
void solve_factored(const T* factor, std::int64_t n, const T* rhs, std::int64_t m, T* solution, Scratch& scratch);

/// A step of accelerated descent: W' = W + stride · change, then W := W' + ahead · (W' - previous), previous := W'.
/// Without a change it is factor⁻¹ rhs.
template <typename T>
struct Advance {
  const T* change = nullptr;
  const T* factor = nullptr;
  const T* rhs = nullptr;
  T* weights = nullptr;
  T* previous = nullptr;
  T stride = 1, ahead = 0;
};

/// W, previous, change and rhs (n×m), factor (n×n).
template <typename T>
void advance(const Advance<T>& step, std::int64_t n, std::int64_t m, Scratch& scratch);

}  // namespace bpls
