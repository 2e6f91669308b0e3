#include "narrow.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "clones.h"
#include "operations.h"
#include "parallel.h"
#include "transpose.h"

namespace bpls {
namespace {

/// 32 bytes: a register of AVX2, which has sixteen.
template <typename T>
struct Wide {
  typedef T type __attribute__((vector_size(32)));
  static constexpr std::int64_t lanes = 32 / static_cast<std::int64_t>(sizeof(T));
};

/// Rows that are in hand at a time, few enough to stay in the second cache; a multiple of a tile's.
constexpr std::int64_t chunk = 36;
constexpr int tile_rows = 3;
/// Most columns of a tile, so that its sums, and what is multiplied, have a register each.
constexpr std::int64_t product_columns = 4, sum_columns_at_once = 5;

/// Z (R×K, rows m apart) = A (R×n) Vᵀ for K rows of Vᵀ (n apart), as inner products; `ahead`: the rows one chunk
/// further are fetched meanwhile.
template <int R, int K, typename T>
BPLS_INLINE void product_tile(const T* a, const T* vt, std::int64_t n, std::int64_t m, T* z, bool ahead) {
  using Vector = typename Wide<T>::type;
  constexpr std::int64_t lanes = Wide<T>::lanes;
  Vector s[R][K] = {};
  std::int64_t p = 0;
  for (; p + lanes <= n; p += lanes) {
    Vector h[R];
    if (ahead)
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) __builtin_prefetch(a + (chunk + r) * n + p, 0, 2);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) std::memcpy(&h[r], a + r * n + p, sizeof(Vector));
#pragma GCC unroll 8
    for (int k = 0; k < K; ++k) {
      Vector v;
      std::memcpy(&v, vt + k * n + p, sizeof v);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) s[r][k] += h[r] * v;
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int k = 0; k < K; ++k) {
      const Vector v = s[r][k];
      T sum = T(0);
#pragma GCC unroll 8
      for (std::int64_t lane = 0; lane < lanes; ++lane) sum += v[lane];
      for (std::int64_t q = p; q < n; ++q) sum += a[r * n + q] * vt[k * n + q];
      z[r * m + k] = sum;
    }
}

/// Sums (K rows, n apart) += BᵀA over `count` rows of A (n apart) and K columns of B (rows m apart).
template <int K, typename T>
BPLS_INLINE void add_columns(const T* a, const T* b, const std::int64_t* rows, std::int64_t count, std::int64_t n,
                             std::int64_t m, T* sums, bool ahead) {
  using Vector = typename Wide<T>::type;
  constexpr std::int64_t lanes = Wide<T>::lanes;
  std::int64_t j = 0;
  for (; j + 2 * lanes <= n; j += 2 * lanes) {
    Vector s[K][2];
#pragma GCC unroll 8
    for (int k = 0; k < K; ++k) {
      std::memcpy(&s[k][0], sums + k * n + j, sizeof(Vector));
      std::memcpy(&s[k][1], sums + k * n + j + lanes, sizeof(Vector));
    }
    for (std::int64_t q = 0; q < count; ++q) {
      const std::int64_t i = rows[q];
      Vector h[2];
      if (ahead) __builtin_prefetch(a + (chunk + i) * n + j, 0, 2);
      std::memcpy(&h[0], a + i * n + j, sizeof(Vector));
      std::memcpy(&h[1], a + i * n + j + lanes, sizeof(Vector));
#pragma GCC unroll 8
      for (int k = 0; k < K; ++k) {
        s[k][0] += b[i * m + k] * h[0];
        s[k][1] += b[i * m + k] * h[1];
      }
    }
#pragma GCC unroll 8
    for (int k = 0; k < K; ++k) {
      std::memcpy(sums + k * n + j, &s[k][0], sizeof(Vector));
      std::memcpy(sums + k * n + j + lanes, &s[k][1], sizeof(Vector));
    }
  }
  for (const std::int64_t* i = rows; i < rows + count; ++i)
    for (int k = 0; k < K; ++k)
      for (std::int64_t q = j; q < n; ++q) sums[k * n + q] += b[*i * m + k] * a[*i * n + q];
}

template <int K, typename T>
BPLS_INLINE void product_rows(const T* a, const T* vt, std::int64_t count, std::int64_t n, std::int64_t m, T* z,
                              bool ahead) {
  std::int64_t i = 0;
  for (; i + tile_rows <= count; i += tile_rows) product_tile<tile_rows, K>(a + i * n, vt, n, m, z + i * m, ahead);
  for (; i < count; ++i) product_tile<1, K>(a + i * n, vt, n, m, z + i * m, ahead);
}

/// body(std::integral_constant<int, columns>), for columns from 1 to 5.
template <typename Body>
BPLS_INLINE void with_constant(std::int64_t columns, const Body& body) {
  switch (columns) {
    case 5:
      return body(std::integral_constant<int, 5>());
    case 4:
      return body(std::integral_constant<int, 4>());
    case 3:
      return body(std::integral_constant<int, 3>());
    case 2:
      return body(std::integral_constant<int, 2>());
    default:
      return body(std::integral_constant<int, 1>());
  }
}

// target_clones does not take templates.
#define BPLS_KERNELS(T)                                                                                            \
  BPLS_CLONES void product_here(std::int64_t columns, const T* a, const T* vt, std::int64_t count, std::int64_t n, \
                                std::int64_t m, T* z, bool ahead) {                                                \
    with_constant(                                                                                                 \
        columns, [=](auto k) __attribute__((always_inline)) { product_rows<k>(a, vt, count, n, m, z, ahead); });   \
  }                                                                                                                \
  BPLS_CLONES void add_here(std::int64_t columns, const T* a, const T* b, const std::int64_t* rows,                \
                            std::int64_t count, std::int64_t n, std::int64_t m, T* sums, bool ahead) {             \
    with_constant(                                                                                                 \
        columns, [=](auto k)                                                                                       \
                     __attribute__((always_inline)) { add_columns<k>(a, b, rows, count, n, m, sums, ahead); });    \
  }
BPLS_KERNELS(double)
BPLS_KERNELS(float)
#undef BPLS_KERNELS

/// Calls visit(first, columns) for m columns in as few groups of at most `most` as there can be, of nearly equal size.
template <typename Visit>
void for_each_group(std::int64_t m, std::int64_t most, const Visit& visit) {
  const std::int64_t groups = (m + most - 1) / most;
  for (std::int64_t g = 0; g < groups; ++g) visit(m * g / groups, m * (g + 1) / groups - m * g / groups);
}

/// Z (rows×m) = A V for Vᵀ (m×n).
template <typename T>
void multiply_rows(const T* a, const T* vt, std::int64_t rows, std::int64_t n, std::int64_t m, T* z) {
  for_each_group(m, product_columns, [=](std::int64_t k, std::int64_t columns) {
    product_here(columns, a, vt + k * n, rows, n, m, z + k, k == 0);
  });
}

/// Rows for each thread, where a row takes `operations`.
std::int64_t grain_of(std::int64_t operations) { return std::max(chunk, least_operations / operations); }

template <typename T>
T* transposed(const T* v, std::int64_t n, std::int64_t m, Scratch& scratch) {
  T* vt = scratch.take<T>(n * m);
  transpose(v, n, m, vt);
  return vt;
}

/// C (n×m) += sign AᵀB block by block, after `prepare(begin, end)` has made those rows of B. Each thread sums its own
/// rows; those that are zero in B are left out.
template <typename T>
void accumulate_rows(const T* a, const T* b, std::int64_t rows, std::int64_t n, std::int64_t m, T sign, T* c,
                     Scratch& scratch, const std::function<void(std::int64_t, std::int64_t)>& prepare) {
  const std::int64_t grain = grain_of((prepare ? 4 : 2) * n * m);
  const int parts = parts_of(rows, grain);
  T* sums = scratch.take_zeroed<T>(parts * n * m);
  std::int64_t* used = scratch.take_zeroed<std::int64_t>(parts);
  parallel_parts(rows, grain, [=, &prepare](int part, std::int64_t begin, std::int64_t end) {
    std::int64_t filled[chunk];
    for (std::int64_t i = begin; i < end; i += chunk) {
      const std::int64_t size = std::min(chunk, end - i);
      if (prepare) prepare(i, i + size);
      std::int64_t count = 0;
      for (std::int64_t r = 0; r < size; ++r) {
        const T* row = b + (i + r) * m;
        if (std::any_of(row, row + m, [](T x) { return x != T(0); })) filled[count++] = r;
      }
      used[part] += count;
      const bool ahead = !prepare;
      for_each_group(m, sum_columns_at_once, [&](std::int64_t k, std::int64_t columns) {
        add_here(columns, a + i * n, b + i * m + k, filled, count, n, m, sums + (part * m + k) * n, ahead && k == 0);
      });
    }
  });
  for (int part = 0; part < parts; ++part) {
    count_operations(2 * used[part] * n * m);
    for (std::int64_t k = 0; k < m; ++k)
      for (std::int64_t j = 0; j < n; ++j) c[j * m + k] += sign * sums[(part * m + k) * n + j];
  }
}

}  // namespace

template <typename T>
void multiply_narrow(const T* a, const T* v, std::int64_t rows, std::int64_t n, std::int64_t m, T* z,
                     Scratch& scratch) {
  count_operations(2 * rows * n * m);
  const T* vt = transposed(v, n, m, scratch);
  parallel_for(rows, grain_of(2 * n * m), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += chunk)
      multiply_rows(a + i * n, vt, std::min(chunk, end - i), n, m, z + i * m);
  });
}

template <typename T>
void accumulate_narrow(const T* a, const T* b, std::int64_t rows, std::int64_t n, std::int64_t m, T sign, T* c,
                       Scratch& scratch) {
  accumulate_rows(a, b, rows, n, m, sign, c, scratch, nullptr);
}

template <typename T>
void revise_narrow(const T* a, const T* v, std::int64_t rows, std::int64_t n, std::int64_t m,
                   const std::function<void(std::int64_t, std::int64_t)>& revise, T* z, T* c, Scratch& scratch) {
  count_operations(2 * rows * n * m);
  const T* vt = transposed(v, n, m, scratch);
  const auto prepare = [=, &revise](std::int64_t begin, std::int64_t end) {
    multiply_rows(a + begin * n, vt, end - begin, n, m, z + begin * m);
    revise(begin, end);
  };
  if (c) return accumulate_rows(a, z, rows, n, m, T(1), c, scratch, prepare);
  parallel_for(rows, grain_of(2 * n * m), [&prepare](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += chunk) prepare(i, std::min(i + chunk, end));
  });
}

#define BPLS_INSTANTIATE(T)                                                                                       \
  template void multiply_narrow(const T*, const T*, std::int64_t, std::int64_t, std::int64_t, T*, Scratch&);      \
  template void accumulate_narrow(const T*, const T*, std::int64_t, std::int64_t, std::int64_t, T, T*, Scratch&); \
  template void revise_narrow(const T*, const T*, std::int64_t, std::int64_t, std::int64_t,                       \
                              const std::function<void(std::int64_t, std::int64_t)>&, T*, T*, Scratch&);
BPLS_INSTANTIATE(double)
BPLS_INSTANTIATE(float)
#undef BPLS_INSTANTIATE

}  // namespace bpls
