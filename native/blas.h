#pragma once

// Typed, counted overloads of the cblas routines in use. Every matrix is row-major. Each call is shared out over the
// threads of parallel.h, every thread running OpenBLAS's own single-threaded kernel on its part of the result:
// OpenBLAS's threads, which keep a core busy for a while after each call, stay asleep.

#include <cblas.h>

#include <cstdint>

#include "scratch.h"

namespace bpls {

constexpr auto no_trans = CblasNoTrans;
constexpr auto trans = CblasTrans;

/// C (m×n) = alpha op(A) (m×k) op(B) (k×n) + beta C; 2mnk operations.
template <typename T>
void gemm(CBLAS_TRANSPOSE op_a, CBLAS_TRANSPOSE op_b, std::int64_t m, std::int64_t n, std::int64_t k, T alpha,
          const T* a, std::int64_t lda, const T* b, std::int64_t ldb, T beta, T* c, std::int64_t ldc);

/// Lower triangle of C (n×n) += alpha Aᵀ A for A (k×n); kn(n+1) operations.
template <typename T>
void syrk(std::int64_t n, std::int64_t k, T alpha, const T* a, std::int64_t lda, T* c, std::int64_t ldc,
          Scratch& scratch);

/// y (n) += alpha Aᵀ x for A (m×n); 2mn operations.
template <typename T>
void gemv_trans(std::int64_t m, std::int64_t n, T alpha, const T* a, std::int64_t lda, const T* x, T* y);

}  // namespace bpls
