#include "least_squares.h"

#include <algorithm>
#include <cmath>

#include "blas.h"
#include "lapack.h"
#include "normal_equations.h"
#include "parallel.h"
#include "statistics.h"
#include "transpose.h"
#include "triangle.h"

namespace bpls {
namespace {

/// From so many rows for each column on, a QR factorisation by all threads comes first.
constexpr std::int64_t tall = 2;

/// Operations of dgelsd as the LAPACK Users' Guide and Golub & Van Loan (R-SVD, singular values and the products with
/// the singular vectors) give them; the true number depends on the convergence of the SVD.
std::int64_t svd_operations(std::int64_t m, std::int64_t n, std::int64_t nrhs) {
  const std::int64_t longer = std::max(m, n), shorter = std::min(m, n);
  return 2 * shorter * shorter * longer + 4 * shorter * shorter * shorter +
         (4 * shorter * longer + 4 * shorter * shorter) * nrhs;
}

template <typename T>
blas_int optimal(T work) {
  return static_cast<blas_int>(work) + 1;
}

/// Rows of A (m×n, m <= n, column-major) become orthonormal rows that span the same: Q of A = L Q. As dgelqf and dorglq
/// do it, but what a block of reflectors does to the rows below is shared out over the threads.
template <typename T>
void to_orthonormal_rows(std::int64_t m, std::int64_t n, T* a, Scratch& scratch) {
  constexpr std::int64_t block = 64;
  T* tau = scratch.take<T>(m);
  T* product = scratch.take<T>(block * block);
  T* shared = scratch.take<T>(block * m);
  T query;
  orglq(std::min(m, block), n, a, m, tau, &query, -1);
  const blas_int lwork = std::max(optimal(query), narrow(block * block));
  T* work = scratch.take<T>(lwork);
  const auto reflect = [=](char trans, std::int64_t first, std::int64_t k) {
    const T* reflectors = a + first + first * m;
    larft(n - first, k, reflectors, m, tau + first, product);
    parallel_for(m - first - k, 1 + least_operations / (4 * k * (n - first)),
                 [=](std::int64_t begin, std::int64_t end) {
                   T* rows = a + first + k + begin + first * m;
                   larfb(trans, end - begin, n - first, k, reflectors, m, product, rows, m, shared + k * begin);
                 });
  };
  const std::int64_t last = (m - 1) / block * block;
  for (std::int64_t first = 0; first < m; first += block) {
    const std::int64_t k = std::min(block, m - first);
    gelqf(k, n - first, a + first + first * m, m, tau + first, work, lwork);
    if (first < last) reflect('N', first, k);
  }
  for (std::int64_t first = last; first >= 0; first -= block) {
    const std::int64_t k = std::min(block, m - first);
    if (first < last) reflect('T', first, k);
    orglq(k, n - first, a + first + first * m, m, tau + first, work, lwork);
    for (std::int64_t j = 0; j < first; ++j) std::fill_n(a + first + j * m, k, T(0));
  }
  count_operations(2 * (2 * m * m * n - 2 * m * m * m / 3));
}

/// solve_svd on column-major matrices, which it overwrites.
template <typename T>
SvdOutcome svd_of_columns(std::int64_t rows, std::int64_t n, T* a, std::int64_t m, T* b, std::int64_t b_stride, T cut,
                          T* x, Scratch& scratch) {
  // The SVD of what is not finite need not come to an end.
  if (find_non_finite(a, rows * n) >= 0 || find_non_finite(b, b_stride * m) >= 0) return {1, 0, 0};
  const std::int64_t shorter = std::min(rows, n);
  T* sigma = scratch.take<T>(shorter);
  blas_int rank = 0, iwork_size = 0;
  T query;
  gelsd(rows, n, m, a, rows, b, b_stride, sigma, cut, &rank, &query, -1, &iwork_size);
  const blas_int lwork = optimal(query);
  const blas_int info = gelsd(rows, n, m, a, rows, b, b_stride, sigma, cut, &rank, scratch.take<T>(lwork), lwork,
                              scratch.take<blas_int>(std::max(iwork_size, 1)));
  count_operations(svd_operations(rows, n, m));
  if (info > 0) return {info, 0, 0};
  for (std::int64_t j = 0; j < m; ++j)
    for (std::int64_t i = 0; i < n; ++i) x[i * m + j] = b[j * b_stride + i];
  return {0, rank, sigma[0] > T(0) ? static_cast<double>(sigma[shorter - 1] / sigma[0]) : 0.0};
}

}  // namespace

template <typename T>
SvdOutcome solve_svd(const T* a, std::int64_t rows, std::int64_t n, const T* b, std::int64_t m, T cut, T* x,
                     Scratch& scratch) {
  // dgelsd overwrites both of its matrices, so it gets copies, in column-major order. A tall A is reduced before.
  if (rows >= tall * n) {
    T* triangle = scratch.take<T>(n * (n + m));
    to_triangle<T>(
        [=](std::int64_t first, std::int64_t count, T* columns, std::int64_t stride) {
          to_columns(a + first * n, count, n, columns, stride);
          to_columns(b + first * m, count, m, columns + n * stride, stride);
        },
        rows, n, m, triangle, scratch);
    // dgelsd scales what would overflow on the way.
    if (find_non_finite(triangle, n * (n + m)) < 0)
      return svd_of_columns(n, n, triangle, m, triangle + n * n, n, cut, x, scratch);
  }
  const std::int64_t longer = std::max(rows, n);
  T* a_columns = scratch.take<T>(rows * n);
  T* b_columns = scratch.take_zeroed<T>(longer * m);
  transpose(a, rows, n, a_columns);
  to_columns(b, rows, m, b_columns, longer);
  return svd_of_columns(rows, n, a_columns, m, b_columns, longer, cut, x, scratch);
}

template <typename T>
CholeskyOutcome pseudo_inverse(const T* v, std::int64_t m, std::int64_t n, T* p, Scratch& scratch) {
  const bool tall = m >= n;
  const std::int64_t k = std::min(m, n);
  T* gram = scratch.take_zeroed<T>(k * k);
  T* factor = scratch.take<T>(k * k);
  T* vt = scratch.take<T>(m * n);
  transpose(v, m, n, vt);
  syrk(k, tall ? m : n, T(1), tall ? v : vt, k, gram, k, scratch);
  CholeskyOutcome outcome;
  if (tall) {
    // P = (VᵀV)⁻¹ Vᵀ
    outcome = solve_cholesky(gram, k, T(1), T(0), T(0), vt, m, factor, p, scratch);
  } else {
    // P = Vᵀ (VVᵀ)⁻¹, the transpose of (VVᵀ)⁻¹ V
    T* pt = scratch.take<T>(m * n);
    outcome = solve_cholesky(gram, k, T(1), T(0), T(0), v, n, factor, pt, scratch);
    if (outcome.info == 0) transpose(pt, m, n, p);
  }
  if (outcome.info > 0) return outcome;
  // 2P - P V P, multiplied in the order that stays small.
  T* inner = scratch.take<T>(k * k);
  T* product = scratch.take<T>(m * n);
  if (tall) {
    gemm(no_trans, no_trans, n, n, m, T(1), p, m, v, n, T(0), inner, n);
    gemm(no_trans, no_trans, n, m, n, T(1), inner, n, p, m, T(0), product, m);
  } else {
    gemm(no_trans, no_trans, m, m, n, T(1), v, n, p, m, T(0), inner, m);
    gemm(no_trans, no_trans, n, m, m, T(1), p, m, inner, m, T(0), product, m);
  }
  for (std::int64_t i = 0; i < m * n; ++i) p[i] = T(2) * p[i] - product[i];
  return outcome;
}

template <typename T>
void orthonormalise(T* q, std::int64_t rows, std::int64_t cols, Scratch& scratch) {
  const std::int64_t longer = std::max(rows, cols), shorter = std::min(rows, cols);
  // Row-major longer×shorter is column-major shorter×longer: its LQ factorisation has orthonormal rows there.
  T* tall = rows >= cols ? q : scratch.take<T>(rows * cols);
  if (rows < cols) transpose(q, rows, cols, tall);
  to_orthonormal_rows(shorter, longer, tall, scratch);
  if (rows < cols) transpose(tall, cols, rows, q);
}

#define BPLS_INSTANTIATE(T)                                                                                     \
  template SvdOutcome solve_svd(const T*, std::int64_t, std::int64_t, const T*, std::int64_t, T, T*, Scratch&); \
  template CholeskyOutcome pseudo_inverse(const T*, std::int64_t, std::int64_t, T*, Scratch&);                  \
  template void orthonormalise(T*, std::int64_t, std::int64_t, Scratch&);
BPLS_INSTANTIATE(double)
BPLS_INSTANTIATE(float)
#undef BPLS_INSTANTIATE

}  // namespace bpls
