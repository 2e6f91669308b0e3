#include "blas.h"

#include <algorithm>

#include "dimension.h"
#include "operations.h"
#include "parallel.h"

namespace bpls {
namespace {

/// Bytes of A that a symmetric product takes at a time: with many more, OpenBLAS's syrk loses a twentieth of its rate.
constexpr std::int64_t syrk_bytes = 1 << 20;
/// Rows of A that it takes at least: each time all of C is read and written, which for a wide one is the slower part.
constexpr std::int64_t least_inner = 384;

void call_gemm(CBLAS_TRANSPOSE op_a, CBLAS_TRANSPOSE op_b, blas_int m, blas_int n, blas_int k, double alpha,
               const double* a, blas_int lda, const double* b, blas_int ldb, double beta, double* c, blas_int ldc) {
  cblas_dgemm(CblasRowMajor, op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void call_gemm(CBLAS_TRANSPOSE op_a, CBLAS_TRANSPOSE op_b, blas_int m, blas_int n, blas_int k, float alpha,
               const float* a, blas_int lda, const float* b, blas_int ldb, float beta, float* c, blas_int ldc) {
  cblas_sgemm(CblasRowMajor, op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void call_syrk(blas_int n, blas_int k, double alpha, const double* a, blas_int lda, double* c, blas_int ldc) {
  cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, n, k, alpha, a, lda, 1.0, c, ldc);
}

void call_syrk(blas_int n, blas_int k, float alpha, const float* a, blas_int lda, float* c, blas_int ldc) {
  cblas_ssyrk(CblasRowMajor, CblasLower, CblasTrans, n, k, alpha, a, lda, 1.0f, c, ldc);
}

void call_gemv(blas_int m, blas_int n, double alpha, const double* a, blas_int lda, const double* x, double* y) {
  cblas_dgemv(CblasRowMajor, CblasTrans, m, n, alpha, a, lda, x, 1, 1.0, y, 1);
}

void call_gemv(blas_int m, blas_int n, float alpha, const float* a, blas_int lda, const float* x, float* y) {
  cblas_sgemv(CblasRowMajor, CblasTrans, m, n, alpha, a, lda, x, 1, 1.0f, y, 1);
}

}  // namespace

template <typename T>
void gemm(CBLAS_TRANSPOSE op_a, CBLAS_TRANSPOSE op_b, std::int64_t m, std::int64_t n, std::int64_t k, T alpha,
          const T* a, std::int64_t lda, const T* b, std::int64_t ldb, T beta, T* c, std::int64_t ldc) {
  if (m == 0 || n == 0) return;
  count_operations(2 * m * n * k);
  const blas_int columns = narrow(n), inner = narrow(k), a_stride = narrow(lda), b_stride = narrow(ldb),
                 c_stride = narrow(ldc);
  narrow(m);
  // Each thread has rows of the result.
  parallel_for(
      m, 1 + least_operations / (2 * n * std::max<std::int64_t>(k, 1)), [=](std::int64_t begin, std::int64_t end) {
        call_gemm(op_a, op_b, static_cast<blas_int>(end - begin), columns, inner, alpha,
                  a + (op_a == trans ? begin : begin * lda), a_stride, b, b_stride, beta, c + begin * ldc, c_stride);
      });
}

namespace {

/// Rows begin … end-1 of the lower triangle of C (n×n) += alpha AᵀA for A (k×n).
template <typename T>
void add_triangle(std::int64_t begin, std::int64_t end, std::int64_t k, T alpha, const T* a, blas_int lda, T* c,
                  blas_int ldc) {
  const auto rows = static_cast<blas_int>(end - begin);
  const std::int64_t inner_rows = std::max(least_inner, syrk_bytes / (end * static_cast<std::int64_t>(sizeof(T))));
  const std::int64_t runs = (k + inner_rows - 1) / inner_rows;
  for (std::int64_t run = 0; run < runs; ++run) {
    const std::int64_t first = k * run / runs;
    const auto inner = static_cast<blas_int>(k * (run + 1) / runs - first);
    const T* part = a + first * lda;
    if (begin > 0)
      call_gemm(trans, no_trans, rows, static_cast<blas_int>(begin), inner, alpha, part + begin, lda, part, lda, T(1),
                c + begin * ldc, ldc);
    call_syrk(rows, inner, alpha, part + begin, lda, c + begin * ldc + begin, ldc);
  }
}

/// Each thread takes rows of A and has a triangle of its own, the first one C itself.
template <typename T>
void syrk_of_many_rows(std::int64_t n, std::int64_t k, T alpha, const T* a, blas_int lda, T* c, blas_int ldc,
                       Scratch& scratch) {
  const int parts = parts_of(k, 1);
  T* own = scratch.take<T>((parts - 1) * n * n);
  parallel_parts(k, 1, [=](int part, std::int64_t begin, std::int64_t end) {
    T* sums = part == 0 ? c : own + (part - 1) * n * n;
    if (part > 0) std::fill_n(sums, n * n, T(0));
    add_triangle(0, n, end - begin, alpha, a + begin * lda, lda, sums, part == 0 ? ldc : static_cast<blas_int>(n));
  });
  for (const T* sums = own; sums != own + (parts - 1) * n * n; sums += n * n)
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j <= i; ++j) c[i * ldc + j] += sums[i * n + j];
}

/// Each thread takes rows of C.
template <typename T>
void syrk_by_area(std::int64_t n, std::int64_t k, T alpha, const T* a, blas_int lda, T* c, blas_int ldc) {
  const std::int64_t grain = area_shares * least_operations / (k * n * (n + 1)) + 1;
  parallel_by_area(n, grain,
                   [=](std::int64_t begin, std::int64_t end) { add_triangle(begin, end, k, alpha, a, lda, c, ldc); });
}

}  // namespace

template <typename T>
void syrk(std::int64_t n, std::int64_t k, T alpha, const T* a, std::int64_t lda, T* c, std::int64_t ldc,
          Scratch& scratch) {
  if (n == 0 || k == 0) return;
  count_operations(k * n * (n + 1));
  const blas_int a_stride = narrow(lda), c_stride = narrow(ldc);
  narrow(n);
  narrow(k);
  // A small triangle has too little to share out; adding the threads' own costs little where each has many rows.
  const int parts = parts_of(k, std::max(4 * n, 2 * least_operations / (n * (n + 1))));
  if (parts > 1 && parts == parts_of(k, 1))
    syrk_of_many_rows(n, k, alpha, a, a_stride, c, c_stride, scratch);
  else
    syrk_by_area(n, k, alpha, a, a_stride, c, c_stride);
}

template <typename T>
void gemv_trans(std::int64_t m, std::int64_t n, T alpha, const T* a, std::int64_t lda, const T* x, T* y) {
  if (m == 0 || n == 0) return;
  count_operations(2 * m * n);
  const blas_int rows = narrow(m), a_stride = narrow(lda);
  narrow(n);
  parallel_for(n, 1 + least_operations / (8 * m), [=](std::int64_t begin, std::int64_t end) {
    call_gemv(rows, static_cast<blas_int>(end - begin), alpha, a + begin, a_stride, x, y + begin);
  });
}

#define BPLS_INSTANTIATE(T)                                                                                   \
  template void gemm(CBLAS_TRANSPOSE, CBLAS_TRANSPOSE, std::int64_t, std::int64_t, std::int64_t, T, const T*, \
                     std::int64_t, const T*, std::int64_t, T, T*, std::int64_t);                              \
  template void syrk(std::int64_t, std::int64_t, T, const T*, std::int64_t, T*, std::int64_t, Scratch&);      \
  template void gemv_trans(std::int64_t, std::int64_t, T, const T*, std::int64_t, const T*, T*);
BPLS_INSTANTIATE(double)
BPLS_INSTANTIATE(float)
#undef BPLS_INSTANTIATE

}  // namespace bpls
