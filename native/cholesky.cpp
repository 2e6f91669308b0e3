#include "cholesky.h"

#include <cblas.h>

#include <algorithm>

#include "lapack.h"
#include "operations.h"
#include "parallel.h"

namespace bpls {
namespace {

constexpr std::int64_t block = 256;

// Uncounted: the whole is counted by its formula. All are row-major, with one stride.

/// B (m×k) := B L⁻ᵀ
void solve_below(blas_int m, blas_int k, const double* l, double* b, blas_int stride) {
  cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, m, k, 1, l, stride, b, stride);
}

void solve_below(blas_int m, blas_int k, const float* l, float* b, blas_int stride) {
  cblas_strsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, m, k, 1, l, stride, b, stride);
}

/// C (m×n) -= A Bᵀ for A (m×k), B (n×k)
void subtract_rectangle(blas_int m, blas_int n, blas_int k, const double* a, const double* b, double* c,
                        blas_int stride) {
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, -1, a, stride, b, stride, 1, c, stride);
}

void subtract_rectangle(blas_int m, blas_int n, blas_int k, const float* a, const float* b, float* c, blas_int stride) {
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, -1, a, stride, b, stride, 1, c, stride);
}

/// Lower triangle of C (m×m) -= A Aᵀ
void subtract_triangle(blas_int m, blas_int k, const double* a, double* c, blas_int stride) {
  cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, m, k, -1, a, stride, 1, c, stride);
}

void subtract_triangle(blas_int m, blas_int k, const float* a, float* c, blas_int stride) {
  cblas_ssyrk(CblasRowMajor, CblasLower, CblasNoTrans, m, k, -1, a, stride, 1, c, stride);
}

/// A = L Lᵀ by blocks of columns, what is below and right of each shared out over the threads. Counts its operations.
template <typename T>
blas_int factor_shared(std::int64_t n, T* a) {
  count_operations((2 * n * n * n + 3 * n * n + n) / 6);
  const blas_int stride = narrow(n);
  for (std::int64_t first = 0; first < n; first += block) {
    const std::int64_t after = std::min(n, first + block), rest = n - after;
    const auto width = static_cast<blas_int>(after - first);
    T* diagonal = a + first * n + first;
    // A row-major lower triangle is a column-major upper one.
    const blas_int info = potrf(width, diagonal, n);
    if (info > 0) return static_cast<blas_int>(first) + info;
    T* below = diagonal + width * n;
    parallel_for(rest, 16, [=](std::int64_t begin, std::int64_t end) {
      solve_below(static_cast<blas_int>(end - begin), width, diagonal, below + begin * n, stride);
    });
    T* corner = below + width;
    parallel_by_area(rest, 1, [=](std::int64_t begin, std::int64_t end) {
      const auto rows = static_cast<blas_int>(end - begin);
      if (begin > 0)
        subtract_rectangle(rows, static_cast<blas_int>(begin), width, below + begin * n, below, corner + begin * n,
                           stride);
      subtract_triangle(rows, width, below + begin * n, corner + begin * n + begin, stride);
    });
  }
  return 0;
}

/// Smaller orders are factored by one thread.
constexpr std::int64_t threaded_order = 2000;

}  // namespace

template <typename T>
blas_int posv_shared(std::int64_t n, std::int64_t nrhs, T* a, T* b) {
  // The first right-hand side goes with dposv.
  const bool threaded = n >= threaded_order;
  const std::int64_t done = threaded ? 0 : std::min<std::int64_t>(nrhs, 1);
  const blas_int info = threaded ? factor_shared(n, a) : posv(n, done, a, b);
  if (info == 0 && nrhs > done) potrs_shared(n, nrhs - done, a, b + done * n);
  return info;
}

template <typename T>
void potrs_shared(std::int64_t n, std::int64_t nrhs, const T* a, T* b) {
  count_operations(2 * n * n * nrhs);
  parallel_for(nrhs, 1 + least_operations / (2 * n * n),
               [=](std::int64_t begin, std::int64_t end) { potrs(n, end - begin, a, b + begin * n); });
}

template blas_int posv_shared(std::int64_t, std::int64_t, double*, double*);
template blas_int posv_shared(std::int64_t, std::int64_t, float*, float*);
template void potrs_shared(std::int64_t, std::int64_t, const double*, double*);
template void potrs_shared(std::int64_t, std::int64_t, const float*, float*);

}  // namespace bpls
