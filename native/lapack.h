#pragma once

// Typed overloads of the Fortran LAPACK routines in use, column-major as LAPACK means it. Symmetric matrices are
// row-major lower triangles, which are column-major upper ones ("U"), without room between their rows but where a
// stride is given. info < 0 is a wrong argument, our bug, and throws; info > 0 is a mathematical outcome and is
// returned.

#include <cstddef>
#include <stdexcept>
#include <string>

#include "dimension.h"
#include "operations.h"

extern "C" {
// The trailing size_t are gfortran's hidden lengths of the character arguments.
void dposv_(const char*, const int*, const int*, double*, const int*, double*, const int*, int*, std::size_t);
void sposv_(const char*, const int*, const int*, float*, const int*, float*, const int*, int*, std::size_t);
void dpotrf_(const char*, const int*, double*, const int*, int*, std::size_t);
void spotrf_(const char*, const int*, float*, const int*, int*, std::size_t);
void dpotrs_(const char*, const int*, const int*, const double*, const int*, double*, const int*, int*, std::size_t);
void spotrs_(const char*, const int*, const int*, const float*, const int*, float*, const int*, int*, std::size_t);
void dpocon_(const char*, const int*, const double*, const int*, const double*, double*, double*, int*, int*,
             std::size_t);
void spocon_(const char*, const int*, const float*, const int*, const float*, float*, float*, int*, int*, std::size_t);
double dlansy_(const char*, const char*, const int*, const double*, const int*, double*, std::size_t, std::size_t);
float slansy_(const char*, const char*, const int*, const float*, const int*, float*, std::size_t, std::size_t);
void dgelsd_(const int*, const int*, const int*, double*, const int*, double*, const int*, double*, const double*, int*,
             double*, const int*, int*, int*);
void sgelsd_(const int*, const int*, const int*, float*, const int*, float*, const int*, float*, const float*, int*,
             float*, const int*, int*, int*);
void dgeqrt_(const int*, const int*, const int*, double*, const int*, double*, const int*, double*, int*);
void sgeqrt_(const int*, const int*, const int*, float*, const int*, float*, const int*, float*, int*);
void dgemqrt_(const char*, const char*, const int*, const int*, const int*, const int*, const double*, const int*,
              const double*, const int*, double*, const int*, double*, int*, std::size_t, std::size_t);
void sgemqrt_(const char*, const char*, const int*, const int*, const int*, const int*, const float*, const int*,
              const float*, const int*, float*, const int*, float*, int*, std::size_t, std::size_t);
void dgelqf_(const int*, const int*, double*, const int*, double*, double*, const int*, int*);
void sgelqf_(const int*, const int*, float*, const int*, float*, float*, const int*, int*);
void dorglq_(const int*, const int*, const int*, double*, const int*, const double*, double*, const int*, int*);
void sorglq_(const int*, const int*, const int*, float*, const int*, const float*, float*, const int*, int*);
void dlarft_(const char*, const char*, const int*, const int*, const double*, const int*, const double*, double*,
             const int*, std::size_t, std::size_t);
void slarft_(const char*, const char*, const int*, const int*, const float*, const int*, const float*, float*,
             const int*, std::size_t, std::size_t);
void dlarfb_(const char*, const char*, const char*, const char*, const int*, const int*, const int*, const double*,
             const int*, const double*, const int*, double*, const int*, double*, const int*, std::size_t, std::size_t,
             std::size_t, std::size_t);
void slarfb_(const char*, const char*, const char*, const char*, const int*, const int*, const int*, const float*,
             const int*, const float*, const int*, float*, const int*, float*, const int*, std::size_t, std::size_t,
             std::size_t, std::size_t);
}

namespace bpls {

inline blas_int checked(const char* routine, blas_int info) {
  if (info < 0)
    throw std::logic_error(std::string(routine) + ": argument " + std::to_string(-info) + " is wrong (info < 0)");
  return info;
}

/// Solve A X = B by Cholesky, A (n×n) symmetric positive definite; A is left as its factor, B as X.
/// n³/3 + n²/2 + n/6 operations for the factor and 2n² for every right-hand side (LAWN 41).
inline blas_int posv(std::int64_t n, std::int64_t nrhs, double* a, double* b) {
  count_operations((2 * n * n * n + 3 * n * n + n) / 6 + 2 * n * n * nrhs);
  blas_int order = narrow(n), columns = narrow(nrhs), info = 0;
  dposv_("U", &order, &columns, a, &order, b, &order, &info, 1);
  return checked("dposv", info);
}

inline blas_int posv(std::int64_t n, std::int64_t nrhs, float* a, float* b) {
  count_operations((2 * n * n * n + 3 * n * n + n) / 6 + 2 * n * n * nrhs);
  blas_int order = narrow(n), columns = narrow(nrhs), info = 0;
  sposv_("U", &order, &columns, a, &order, b, &order, &info, 1);
  return checked("sposv", info);
}

/// A (n×n) = UᵀU or L Lᵀ, in place, uncounted.
inline blas_int potrf(std::int64_t n, double* a, std::int64_t lda) {
  blas_int order = narrow(n), stride = narrow(lda), info = 0;
  dpotrf_("U", &order, a, &stride, &info, 1);
  return checked("dpotrf", info);
}

inline blas_int potrf(std::int64_t n, float* a, std::int64_t lda) {
  blas_int order = narrow(n), stride = narrow(lda), info = 0;
  spotrf_("U", &order, a, &stride, &info, 1);
  return checked("spotrf", info);
}

/// Solve A X = B with the factor that posv left.
inline void potrs(std::int64_t n, std::int64_t nrhs, const double* a, double* b) {
  blas_int order = narrow(n), columns = narrow(nrhs), info = 0;
  dpotrs_("U", &order, &columns, a, &order, b, &order, &info, 1);
  checked("dpotrs", info);
}

inline void potrs(std::int64_t n, std::int64_t nrhs, const float* a, float* b) {
  blas_int order = narrow(n), columns = narrow(nrhs), info = 0;
  spotrs_("U", &order, &columns, a, &order, b, &order, &info, 1);
  checked("spotrs", info);
}

/// 1-norm of a symmetric matrix; work has n elements.
inline double lansy(std::int64_t n, const double* a, double* work) {
  blas_int order = narrow(n);
  return dlansy_("1", "U", &order, a, &order, work, 1, 1);
}

inline float lansy(std::int64_t n, const float* a, float* work) {
  blas_int order = narrow(n);
  return slansy_("1", "U", &order, a, &order, work, 1, 1);
}

/// Reciprocal condition number in the 1-norm from a Cholesky factor; work has 3n elements, iwork n.
inline double pocon(std::int64_t n, const double* a, double anorm, double* work, int* iwork) {
  blas_int order = narrow(n), info = 0;
  double rcond = 0;
  dpocon_("U", &order, a, &order, &anorm, &rcond, work, iwork, &info, 1);
  checked("dpocon", info);
  return rcond;
}

inline float pocon(std::int64_t n, const float* a, float anorm, float* work, int* iwork) {
  blas_int order = narrow(n), info = 0;
  float rcond = 0;
  spocon_("U", &order, a, &order, &anorm, &rcond, work, iwork, &info, 1);
  checked("spocon", info);
  return rcond;
}

/// Minimum-norm least squares by the divide-and-conquer SVD. lwork = -1 asks for the workspace sizes.
inline blas_int gelsd(std::int64_t m, std::int64_t n, std::int64_t nrhs, double* a, std::int64_t lda, double* b,
                      std::int64_t ldb, double* s, double rcond, blas_int* rank, double* work, blas_int lwork,
                      blas_int* iwork) {
  blas_int rows = narrow(m), columns = narrow(n), sides = narrow(nrhs), a_stride = narrow(lda), b_stride = narrow(ldb);
  blas_int info = 0;
  dgelsd_(&rows, &columns, &sides, a, &a_stride, b, &b_stride, s, &rcond, rank, work, &lwork, iwork, &info);
  return checked("dgelsd", info);
}

inline blas_int gelsd(std::int64_t m, std::int64_t n, std::int64_t nrhs, float* a, std::int64_t lda, float* b,
                      std::int64_t ldb, float* s, float rcond, blas_int* rank, float* work, blas_int lwork,
                      blas_int* iwork) {
  blas_int rows = narrow(m), columns = narrow(n), sides = narrow(nrhs), a_stride = narrow(lda), b_stride = narrow(ldb);
  blas_int info = 0;
  sgelsd_(&rows, &columns, &sides, a, &a_stride, b, &b_stride, s, &rcond, rank, work, &lwork, iwork, &info);
  return checked("sgelsd", info);
}

/// A (m×n, m >= n) = Q R by panels that are factored by recursion, which is faster than geqrf. reflectors has panel · n
/// elements, work as many. Uncounted.
inline void geqrt(std::int64_t m, std::int64_t n, std::int64_t panel, double* a, std::int64_t lda, double* reflectors,
                  double* work) {
  blas_int rows = narrow(m), columns = narrow(n), width = narrow(panel), stride = narrow(lda), info = 0;
  dgeqrt_(&rows, &columns, &width, a, &stride, reflectors, &width, work, &info);
  checked("dgeqrt", info);
}

inline void geqrt(std::int64_t m, std::int64_t n, std::int64_t panel, float* a, std::int64_t lda, float* reflectors,
                  float* work) {
  blas_int rows = narrow(m), columns = narrow(n), width = narrow(panel), stride = narrow(lda), info = 0;
  sgeqrt_(&rows, &columns, &width, a, &stride, reflectors, &width, work, &info);
  checked("sgeqrt", info);
}

/// C (m×n) := Qᵀ C for the Q (m×k) of a factorisation by geqrt; work has panel · n elements. Uncounted.
inline void gemqrt(std::int64_t m, std::int64_t n, std::int64_t k, std::int64_t panel, const double* a,
                   std::int64_t lda, const double* reflectors, double* c, std::int64_t ldc, double* work) {
  blas_int rows = narrow(m), columns = narrow(n), order = narrow(k), width = narrow(panel), a_stride = narrow(lda),
           c_stride = narrow(ldc), info = 0;
  dgemqrt_("L", "T", &rows, &columns, &order, &width, a, &a_stride, reflectors, &width, c, &c_stride, work, &info, 1,
           1);
  checked("dgemqrt", info);
}

inline void gemqrt(std::int64_t m, std::int64_t n, std::int64_t k, std::int64_t panel, const float* a, std::int64_t lda,
                   const float* reflectors, float* c, std::int64_t ldc, float* work) {
  blas_int rows = narrow(m), columns = narrow(n), order = narrow(k), width = narrow(panel), a_stride = narrow(lda),
           c_stride = narrow(ldc), info = 0;
  sgemqrt_("L", "T", &rows, &columns, &order, &width, a, &a_stride, reflectors, &width, c, &c_stride, work, &info, 1,
           1);
  checked("sgemqrt", info);
}

/// A (m×n) = L Q. lwork = -1 asks for the workspace size.
inline void gelqf(std::int64_t m, std::int64_t n, double* a, std::int64_t lda, double* tau, double* work,
                  blas_int lwork) {
  blas_int rows = narrow(m), columns = narrow(n), stride = narrow(lda), info = 0;
  dgelqf_(&rows, &columns, a, &stride, tau, work, &lwork, &info);
  checked("dgelqf", info);
}

inline void gelqf(std::int64_t m, std::int64_t n, float* a, std::int64_t lda, float* tau, float* work, blas_int lwork) {
  blas_int rows = narrow(m), columns = narrow(n), stride = narrow(lda), info = 0;
  sgelqf_(&rows, &columns, a, &stride, tau, work, &lwork, &info);
  checked("sgelqf", info);
}

/// The m×n matrix Q with orthonormal rows of a factorisation by gelqf (k = m reflectors).
inline void orglq(std::int64_t m, std::int64_t n, double* a, std::int64_t lda, const double* tau, double* work,
                  blas_int lwork) {
  blas_int rows = narrow(m), columns = narrow(n), stride = narrow(lda), info = 0;
  dorglq_(&rows, &columns, &rows, a, &stride, tau, work, &lwork, &info);
  checked("dorglq", info);
}

inline void orglq(std::int64_t m, std::int64_t n, float* a, std::int64_t lda, const float* tau, float* work,
                  blas_int lwork) {
  blas_int rows = narrow(m), columns = narrow(n), stride = narrow(lda), info = 0;
  sorglq_(&rows, &columns, &rows, a, &stride, tau, work, &lwork, &info);
  checked("sorglq", info);
}

/// T (k×k) of the k reflectors that gelqf left in the rows of V (k×n): their product is I - VᵀTV.
inline void larft(std::int64_t n, std::int64_t k, const double* v, std::int64_t ldv, const double* tau, double* t) {
  blas_int columns = narrow(n), rows = narrow(k), stride = narrow(ldv);
  dlarft_("F", "R", &columns, &rows, v, &stride, tau, t, &rows, 1, 1);
}

inline void larft(std::int64_t n, std::int64_t k, const float* v, std::int64_t ldv, const float* tau, float* t) {
  blas_int columns = narrow(n), rows = narrow(k), stride = narrow(ldv);
  slarft_("F", "R", &columns, &rows, v, &stride, tau, t, &rows, 1, 1);
}

/// C (m×n) times that product, or its transpose; `work` has m×k.
inline void larfb(char trans, std::int64_t m, std::int64_t n, std::int64_t k, const double* v, std::int64_t ldv,
                  const double* t, double* c, std::int64_t ldc, double* work) {
  blas_int rows = narrow(m), columns = narrow(n), order = narrow(k), v_stride = narrow(ldv), c_stride = narrow(ldc);
  dlarfb_("R", &trans, "F", "R", &rows, &columns, &order, v, &v_stride, t, &order, c, &c_stride, work, &rows, 1, 1, 1,
          1);
}

inline void larfb(char trans, std::int64_t m, std::int64_t n, std::int64_t k, const float* v, std::int64_t ldv,
                  const float* t, float* c, std::int64_t ldc, float* work) {
  blas_int rows = narrow(m), columns = narrow(n), order = narrow(k), v_stride = narrow(ldv), c_stride = narrow(ldc);
  slarfb_("R", &trans, "F", "R", &rows, &columns, &order, v, &v_stride, t, &order, c, &c_stride, work, &rows, 1, 1, 1,
          1);
}

}  // namespace bpls
