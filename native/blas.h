#pragma once

// Typed, counted overloads of the cblas routines in use. Every matrix is row-major.

#include <cblas.h>

#include "dimension.h"
#include "operations.h"

namespace bpls {

constexpr auto no_trans = CblasNoTrans;
constexpr auto trans = CblasTrans;

/// C (m×n) = alpha op(A) (m×k) op(B) (k×n) + beta C; 2mnk operations.
inline void gemm(CBLAS_TRANSPOSE op_a, CBLAS_TRANSPOSE op_b, std::int64_t m, std::int64_t n, std::int64_t k,
                 double alpha, const double* a, std::int64_t lda, const double* b, std::int64_t ldb, double beta,
                 double* c, std::int64_t ldc) {
  if (m == 0 || n == 0) return;
  count_operations(2 * m * n * k);
  cblas_dgemm(CblasRowMajor, op_a, op_b, narrow(m), narrow(n), narrow(k), alpha, a, narrow(lda), b, narrow(ldb), beta,
              c, narrow(ldc));
}

inline void gemm(CBLAS_TRANSPOSE op_a, CBLAS_TRANSPOSE op_b, std::int64_t m, std::int64_t n, std::int64_t k,
                 float alpha, const float* a, std::int64_t lda, const float* b, std::int64_t ldb, float beta, float* c,
                 std::int64_t ldc) {
  if (m == 0 || n == 0) return;
  count_operations(2 * m * n * k);
  cblas_sgemm(CblasRowMajor, op_a, op_b, narrow(m), narrow(n), narrow(k), alpha, a, narrow(lda), b, narrow(ldb), beta,
              c, narrow(ldc));
}

/// Lower triangle of C (n×n) += alpha Aᵀ A for A (k×n); kn(n+1) operations.
inline void syrk(std::int64_t n, std::int64_t k, double alpha, const double* a, std::int64_t lda, double* c,
                 std::int64_t ldc) {
  if (n == 0 || k == 0) return;
  count_operations(k * n * (n + 1));
  cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, narrow(n), narrow(k), alpha, a, narrow(lda), 1.0, c, narrow(ldc));
}

inline void syrk(std::int64_t n, std::int64_t k, float alpha, const float* a, std::int64_t lda, float* c,
                 std::int64_t ldc) {
  if (n == 0 || k == 0) return;
  count_operations(k * n * (n + 1));
  cblas_ssyrk(CblasRowMajor, CblasLower, CblasTrans, narrow(n), narrow(k), alpha, a, narrow(lda), 1.0f, c, narrow(ldc));
}

/// C (m×n) = A B for the symmetric A (m×m), lower triangle stored; 2m²n operations.
inline void symm(std::int64_t m, std::int64_t n, const double* a, std::int64_t lda, const double* b, std::int64_t ldb,
                 double* c, std::int64_t ldc) {
  if (m == 0 || n == 0) return;
  count_operations(2 * m * m * n);
  cblas_dsymm(CblasRowMajor, CblasLeft, CblasLower, narrow(m), narrow(n), 1.0, a, narrow(lda), b, narrow(ldb), 0.0, c,
              narrow(ldc));
}

inline void symm(std::int64_t m, std::int64_t n, const float* a, std::int64_t lda, const float* b, std::int64_t ldb,
                 float* c, std::int64_t ldc) {
  if (m == 0 || n == 0) return;
  count_operations(2 * m * m * n);
  cblas_ssymm(CblasRowMajor, CblasLeft, CblasLower, narrow(m), narrow(n), 1.0f, a, narrow(lda), b, narrow(ldb), 0.0f, c,
              narrow(ldc));
}

/// y (n) += alpha Aᵀ x for A (m×n); 2mn operations.
inline void gemv_trans(std::int64_t m, std::int64_t n, double alpha, const double* a, std::int64_t lda, const double* x,
                       double* y) {
  if (m == 0 || n == 0) return;
  count_operations(2 * m * n);
  cblas_dgemv(CblasRowMajor, CblasTrans, narrow(m), narrow(n), alpha, a, narrow(lda), x, 1, 1.0, y, 1);
}

inline void gemv_trans(std::int64_t m, std::int64_t n, float alpha, const float* a, std::int64_t lda, const float* x,
                       float* y) {
  if (m == 0 || n == 0) return;
  count_operations(2 * m * n);
  cblas_sgemv(CblasRowMajor, CblasTrans, narrow(m), narrow(n), alpha, a, narrow(lda), x, 1, 1.0f, y, 1);
}

}  // namespace bpls
