#include "predict.h"

#include <algorithm>

#include "clones.h"
#include "forward.h"
#include "parallel.h"

namespace bpls {
namespace {

/// A tile of Z (R×C at stride n) = X (R×k) V (k×n): the sums stay in registers over the whole of k.
template <int R, int C, typename T>
BPLS_INLINE void tile(const T* x, const T* v, T* z, std::int64_t k, std::int64_t n, std::int64_t cols) {
  T sums[R][C] = {};
  if (cols == C) {
    for (std::int64_t p = 0; p < k; ++p)
      for (int r = 0; r < R; ++r)
        for (int c = 0; c < C; ++c) sums[r][c] += x[r * k + p] * v[p * n + c];
  } else {
    for (std::int64_t p = 0; p < k; ++p)
      for (int r = 0; r < R; ++r)
        for (std::int64_t c = 0; c < cols; ++c) sums[r][c] += x[r * k + p] * v[p * n + c];
  }
  for (int r = 0; r < R; ++r)
    for (std::int64_t c = 0; c < cols; ++c) z[r * n + c] = sums[r][c];
}

/// One row z (n) = x (k) V (k×n). Bound by reading V, so that what x leaves out with a zero is not read; four rows of V
/// at a time, each from its beginning to its end.
template <typename T>
BPLS_INLINE void multiply_row(const T* x, const T* v, T* __restrict z, std::int64_t k, std::int64_t n) {
  constexpr int at_once = 4;
  const T* rows[at_once];
  T factors[at_once];
  int found = 0;
  std::fill_n(z, n, T(0));
  for (std::int64_t p = 0; p < k; ++p) {
    if (x[p] == T(0)) continue;
    rows[found] = v + p * n;
    factors[found++] = x[p];
    if (found < at_once) continue;
    found = 0;
    const T *v0 = rows[0], *v1 = rows[1], *v2 = rows[2], *v3 = rows[3];
    const T x0 = factors[0], x1 = factors[1], x2 = factors[2], x3 = factors[3];
    for (std::int64_t j = 0; j < n; ++j) z[j] += (x0 * v0[j] + x1 * v1[j]) + (x2 * v2[j] + x3 * v3[j]);
  }
  for (int q = 0; q < found; ++q)
    for (std::int64_t j = 0; j < n; ++j) z[j] += factors[q] * rows[q][j];
}

template <typename T>
BPLS_INLINE void multiply(const T* x, const T* v, T* z, std::int64_t rows, std::int64_t k, std::int64_t n) {
  constexpr int columns = 128 / static_cast<int>(sizeof(T));
  std::int64_t i = 0;
  for (; i + 4 <= rows; i += 4)
    for (std::int64_t j = 0; j < n; j += columns)
      tile<4, columns>(x + i * k, v + j, z + i * n + j, k, n, std::min<std::int64_t>(columns, n - j));
  for (; i < rows; ++i) multiply_row(x + i * k, v, z + i * n, k, n);
}

BPLS_CLONES void multiply_here(const double* x, const double* v, double* z, std::int64_t rows, std::int64_t k,
                               std::int64_t n) {
  multiply(x, v, z, rows, k, n);
}

BPLS_CLONES void multiply_here(const float* x, const float* v, float* z, std::int64_t rows, std::int64_t k,
                               std::int64_t n) {
  multiply(x, v, z, rows, k, n);
}

/// A multiple of the four that go together: only the last rows that are fewer than four are summed in another order.
constexpr std::int64_t rows_at_once = 64;

}  // namespace

template <typename T>
void predict_here(const Network<T>& network, const Samples<T>& samples, T* outputs, Scratch& scratch) {
  for (std::int64_t start = 0; start < samples.rows; start += rows_at_once) {
    const std::int64_t count = std::min(rows_at_once, samples.rows - start);
    scratch.reset();
    const T* h = load(samples, Rows{start, count}, scratch);
    for (std::size_t l = 0; l < network.size(); ++l) {
      const Layer<T>& layer = network[l];
      T* z = l + 1 == network.size() ? outputs + start * layer.units : scratch.take<T>(count * layer.units);
      multiply_here(h, layer.weights, z, count, layer.inputs, layer.units);
      activate(layer.activation, z, layer.bias(), count, layer.units);
      h = z;
    }
  }
}

template void predict_here(const Network<double>&, const Samples<double>&, double*, Scratch&);
template void predict_here(const Network<float>&, const Samples<float>&, float*, Scratch&);

}  // namespace bpls
