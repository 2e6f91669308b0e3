#include "normal_equations.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "blas.h"
#include "cholesky.h"
#include "lapack.h"
#include "narrow.h"
#include "transpose.h"

namespace bpls {

template <typename T>
void sum_columns(const T* a, std::int64_t rows, std::int64_t n, T* sums, Scratch& scratch, T sign) {
  T* ones = scratch.take<T>(rows);
  std::fill_n(ones, rows, T(1));
  gemv_trans(rows, n, sign, a, n, ones, sums);
}

template <typename T>
void accumulate_gram(const T* a, std::int64_t rows, std::int64_t n, T* gram, Scratch& scratch, Intercept intercept,
                     T sign) {
  const bool constant = intercept == Intercept::yes;
  const std::int64_t p = n + constant;
  syrk(n, rows, sign, a, n, gram, p, scratch);
  if (!constant) return;
  sum_columns(a, rows, n, gram + n * p, scratch, sign);
  gram[n * p + n] += sign * static_cast<T>(rows);
}

template <typename T>
const T* roots_of(const T* weights, std::int64_t rows, Scratch& scratch) {
  T* roots = scratch.take<T>(rows);
  for (std::int64_t i = 0; i < rows; ++i) roots[i] = std::sqrt(weights[i]);
  return roots;
}

template <typename T>
void scale_rows(const T* a, const T* factors, std::int64_t rows, std::int64_t n, T* scaled) {
  parallel_for(rows, rows_to_touch(n), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      for (std::int64_t j = 0; j < n; ++j) scaled[i * n + j] = factors[i] * a[i * n + j];
  });
}

template <typename T>
void accumulate_weighted_gram(const T* a, const T* weights, std::int64_t rows, std::int64_t n, T* gram,
                              Scratch& scratch) {
  const std::int64_t p = n + 1;
  const T* roots = roots_of(weights, rows, scratch);
  T* scaled = scratch.take<T>(rows * n);
  scale_rows(a, roots, rows, n, scaled);
  syrk(n, rows, T(1), scaled, n, gram, p, scratch);
  gemv_trans(rows, n, T(1), scaled, n, roots, gram + n * p);
  // In double: a sum of many rows in single precision stops growing.
  double total = 0;
  for (std::int64_t i = 0; i < rows; ++i) total += static_cast<double>(weights[i]);
  gram[n * p + n] += static_cast<T>(total);
}

template <typename T>
void accumulate_rhs(const T* a, const T* b, std::int64_t rows, std::int64_t n, std::int64_t m, T* rhs, Scratch& scratch,
                    Intercept intercept, T sign) {
  if (m <= narrow_columns)
    accumulate_narrow(a, b, rows, n, m, sign, rhs, scratch);
  else
    gemm(trans, no_trans, n, m, rows, sign, a, n, b, m, T(1), rhs, m);
  if (intercept == Intercept::yes) sum_columns(b, rows, m, rhs + n * m, scratch, sign);
}

template <typename T>
void multiply(const T* a, const T* v, std::int64_t rows, std::int64_t n, std::int64_t m, T* z, Scratch& scratch) {
  if (m <= narrow_columns)
    multiply_narrow(a, v, rows, n, m, z, scratch);
  else
    gemm(no_trans, no_trans, rows, m, n, T(1), a, n, v, m, T(0), z, m);
}

template <typename T>
void subtract_row(const T* row, std::int64_t rows, std::int64_t m, T* t) {
  parallel_for(rows, rows_to_touch(m), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      for (std::int64_t j = 0; j < m; ++j) t[i * m + j] -= row[j];
  });
}

template <typename T>
void subtract_product(const T* a, const T* weights, std::int64_t rows, std::int64_t n, std::int64_t m, T* t,
                      Intercept intercept) {
  gemm(no_trans, no_trans, rows, m, n, T(-1), a, n, weights, m, T(1), t, m);
  if (intercept == Intercept::yes) subtract_row(weights + n * m, rows, m, t);
}

namespace {

/// Powers of two (n) that take the diagonal of a matrix to within 1 and 4.
template <typename T>
T* unit_scales(const T* a, std::int64_t n, Scratch& scratch) {
  T* scales = scratch.take<T>(n);
  for (std::int64_t i = 0; i < n; ++i) {
    const T diagonal = a[i * n + i];
    const bool usable = diagonal > 0 && std::isfinite(diagonal);
    scales[i] = usable ? std::ldexp(T(1), -static_cast<int>(std::floor(std::ilogb(diagonal) / 2.0))) : T(1);
  }
  return scales;
}

/// Lower triangle A (n×n) := diag(scales) A diag(scales)
template <typename T>
void scale_symmetric(T* a, std::int64_t n, const T* scales) {
  parallel_for(n, rows_to_touch(n), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      for (std::int64_t j = 0; j <= i; ++j) a[i * n + j] = a[i * n + j] * scales[i] * scales[j];
  });
}

/// Lower triangle L (n×n) := diag(scales)⁻¹ L
template <typename T>
void unscale_factor(T* l, std::int64_t n, const T* scales) {
  parallel_for(n, rows_to_touch(n), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      for (std::int64_t j = 0; j <= i; ++j) l[i * n + j] /= scales[i];
  });
}

/// Each row of B (m×n) := its product with diag(scales)
template <typename T>
void scale_columns(T* b, std::int64_t m, std::int64_t n, const T* scales) {
  for (std::int64_t k = 0; k < m; ++k)
    for (std::int64_t i = 0; i < n; ++i) b[k * n + i] *= scales[i];
}

}  // namespace

template <typename T>
CholeskyOutcome solve_cholesky(const T* gram, std::int64_t n, T weight, T ridge, T last_ridge, const T* rhs,
                               std::int64_t m, T* factor, T* solution, Scratch& scratch, Equilibrate equilibrate) {
  parallel_for(n, rows_to_touch(n), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      for (std::int64_t j = 0; j <= i; ++j) factor[i * n + j] = gram[i * n + j] * weight;
      factor[i * n + i] += i + 1 < n ? ridge : last_ridge;
    }
  });
  const T* scales = equilibrate == Equilibrate::yes ? unit_scales(factor, n, scratch) : nullptr;
  if (scales) scale_symmetric(factor, n, scales);
  T* work = scratch.take<T>(3 * n);
  const T norm = lansy(n, factor, work);
  if (!std::isfinite(norm)) return {1, 0};
  // LAPACK's right-hand sides are columns, ours are rows: one transposition in, one out.
  T* columns = scratch.take<T>(n * m);
  transpose(rhs, n, m, columns);
  if (scales) scale_columns(columns, m, n, scales);
  const int info = posv_shared(n, m, factor, columns);
  if (info > 0) return {info, 0};
  if (scales) scale_columns(columns, m, n, scales);
  transpose(columns, m, n, solution);
  const auto rcond = static_cast<double>(pocon(n, factor, norm, work, scratch.take<int>(n)));
  if (scales) unscale_factor(factor, n, scales);
  return {0, rcond};
}

template <typename T>
void solve_factored(const T* factor, std::int64_t n, const T* rhs, std::int64_t m, T* solution, Scratch& scratch) {
  T* columns = scratch.take<T>(n * m);
  transpose(rhs, n, m, columns);
  potrs_shared(n, m, factor, columns);
  transpose(columns, m, n, solution);
}

template <typename T>
void advance(const Advance<T>& step, std::int64_t n, std::int64_t m, Scratch& scratch) {
  const T* change = step.change;
  if (!change) {
    T* solved = scratch.take<T>(n * m);
    solve_factored(step.factor, n, step.rhs, m, solved, scratch);
    change = solved;
  }
  for (std::int64_t i = 0; i < n * m; ++i) {
    const T next = step.weights[i] + step.stride * change[i];
    step.weights[i] = next + step.ahead * (next - step.previous[i]);
    step.previous[i] = next;
  }
}

template <typename T>
void accumulate_residual(const T* a, const T* b, const T* weights, std::int64_t rows, std::int64_t n, std::int64_t m,
                         T* rhs, Scratch& scratch, Intercept intercept, T sign) {
  T* r = scratch.take<T>(rows * m);
  if (m > narrow_columns) {
    std::copy_n(b, rows * m, r);
    subtract_product(a, weights, rows, n, m, r, intercept);
    accumulate_rhs(a, r, rows, n, m, rhs, scratch, intercept, sign);
    return;
  }
  const T* bias = intercept == Intercept::yes ? weights + n * m : nullptr;
  const auto revise = [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      for (std::int64_t k = 0; k < m; ++k)
        r[i * m + k] = sign * (b[i * m + k] - r[i * m + k] - (bias ? bias[k] : T(0)));
  };
  revise_narrow(a, weights, rows, n, m, revise, r, rhs, scratch);
  if (bias) sum_columns(r, rows, m, rhs + n * m, scratch);
}

#define BPLS_INSTANTIATE(T)                                                                                           \
  template void sum_columns(const T*, std::int64_t, std::int64_t, T*, Scratch&, T);                                   \
  template void accumulate_gram(const T*, std::int64_t, std::int64_t, T*, Scratch&, Intercept, T);                    \
  template const T* roots_of(const T*, std::int64_t, Scratch&);                                                       \
  template void scale_rows(const T*, const T*, std::int64_t, std::int64_t, T*);                                       \
  template void accumulate_weighted_gram(const T*, const T*, std::int64_t, std::int64_t, T*, Scratch&);               \
  template void accumulate_rhs(const T*, const T*, std::int64_t, std::int64_t, std::int64_t, T*, Scratch&, Intercept, \
                               T);                                                                                    \
  template void accumulate_residual(const T*, const T*, const T*, std::int64_t, std::int64_t, std::int64_t, T*,       \
                                    Scratch&, Intercept, T);                                                          \
  template void multiply(const T*, const T*, std::int64_t, std::int64_t, std::int64_t, T*, Scratch&);                 \
  template void subtract_row(const T*, std::int64_t, std::int64_t, T*);                                               \
  template void subtract_product(const T*, const T*, std::int64_t, std::int64_t, std::int64_t, T*, Intercept);        \
  template CholeskyOutcome solve_cholesky(const T*, std::int64_t, T, T, T, const T*, std::int64_t, T*, T*, Scratch&,  \
                                          Equilibrate);                                                               \
  template void solve_factored(const T*, std::int64_t, const T*, std::int64_t, T*, Scratch&);                         \
  template void advance(const Advance<T>&, std::int64_t, std::int64_t, Scratch&);
BPLS_INSTANTIATE(double)
BPLS_INSTANTIATE(float)
#undef BPLS_INSTANTIATE

}  // namespace bpls
