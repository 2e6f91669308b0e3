#include "blas.h"

#include <algorithm>
#include <cmath>

#include "dimension.h"
#include "operations.h"
#include "parallel.h"

namespace bpls {
namespace {

/// Operations below which a part is not worth a thread.
constexpr std::int64_t least_operations = 1 << 20;
/// Rows that a symmetric product takes at a time: with many more, OpenBLAS's syrk loses a twentieth of its rate.
constexpr std::int64_t syrk_rows = 256;

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

template <typename T>
void syrk(std::int64_t n, std::int64_t k, T alpha, const T* a, std::int64_t lda, T* c, std::int64_t ldc) {
  if (n == 0 || k == 0) return;
  count_operations(k * n * (n + 1));
  const blas_int a_stride = narrow(lda), c_stride = narrow(ldc);
  narrow(n);
  const std::int64_t chunks = (k + syrk_rows - 1) / syrk_rows;
  // Each thread has rows of the triangle, of equal area: a rectangle left of a smaller triangle.
  constexpr std::int64_t shares = 1 << 16;
  const auto row_of = [n](std::int64_t share) {
    return share == shares
               ? n
               : static_cast<std::int64_t>(static_cast<double>(n) * std::sqrt(static_cast<double>(share) / shares));
  };
  const std::int64_t grain = shares * least_operations / (k * n * (n + 1)) + 1;
  parallel_for(shares, grain, [=](std::int64_t first, std::int64_t last) {
    const std::int64_t begin = row_of(first), end = row_of(last);
    const auto rows = static_cast<blas_int>(end - begin);
    if (rows == 0) return;
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
      const std::int64_t start = k * chunk / chunks;
      const auto inner = static_cast<blas_int>(k * (chunk + 1) / chunks - start);
      const T* part = a + start * lda;
      if (begin > 0)
        call_gemm(trans, no_trans, rows, static_cast<blas_int>(begin), inner, alpha, part + begin, a_stride, part,
                  a_stride, T(1), c + begin * ldc, c_stride);
      call_syrk(rows, inner, alpha, part + begin, a_stride, c + begin * ldc + begin, c_stride);
    }
  });
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
  template void syrk(std::int64_t, std::int64_t, T, const T*, std::int64_t, T*, std::int64_t);                \
  template void gemv_trans(std::int64_t, std::int64_t, T, const T*, std::int64_t, const T*, T*);
BPLS_INSTANTIATE(double)
BPLS_INSTANTIATE(float)
#undef BPLS_INSTANTIATE

}  // namespace bpls
