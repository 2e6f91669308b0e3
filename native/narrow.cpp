#include "narrow.h"

#include <algorithm>
#include <cstring>

#include "clones.h"
#include "operations.h"
#include "parallel.h"

namespace bpls {
namespace {

/// Rows that are in hand at a time: a multiple of a tile's, few enough to stay in the first or second cache.
constexpr std::int64_t chunk = 36;

/// 32 bytes: a register of AVX2, whose sixteen hold a tile of six rows and two such registers of columns.
template <typename T>
struct Wide {
  typedef T type __attribute__((vector_size(32)));
  static constexpr std::int64_t lanes = 32 / static_cast<std::int64_t>(sizeof(T));
};

constexpr int tile_rows = 6;
/// Registers side by side in a panel of columns.
constexpr std::int64_t panel_width = 2;

/// Sums of one tile: sums[r] (V registers each) += Σ_p a[r·a_row + p·a_step] panel[p], for R rows r.
template <int R, int V, typename T>
BPLS_INLINE void add_tile(const T* a, std::int64_t a_row, std::int64_t a_step, const T* panel, std::int64_t count,
                          T* sums) {
  using Vector = typename Wide<T>::type;
  constexpr std::int64_t lanes = Wide<T>::lanes;
  // Element by element: a copy of the whole array would keep it in memory.
  Vector s[R][V];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
    for (int c = 0; c < V; ++c) std::memcpy(&s[r][c], sums + (r * V + c) * lanes, sizeof(Vector));
  for (std::int64_t p = 0; p < count; ++p) {
    const T* at = a + p * a_step;
    Vector v[V];
#pragma GCC unroll 2
    for (int c = 0; c < V; ++c) std::memcpy(&v[c], panel + (p * V + c) * lanes, sizeof(Vector));
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
      for (int c = 0; c < V; ++c) s[r][c] += at[r * a_row] * v[c];
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
    for (int c = 0; c < V; ++c) std::memcpy(sums + (r * V + c) * lanes, &s[r][c], sizeof(Vector));
}

template <int V, typename T>
BPLS_INLINE void add_panel(const T* a, std::int64_t a_row, std::int64_t a_step, const T* panel, std::int64_t count,
                           std::int64_t outer, T* sums) {
  constexpr std::int64_t width = V * Wide<T>::lanes;
  std::int64_t i = 0;
  for (; i + tile_rows <= outer; i += tile_rows)
    add_tile<tile_rows, V>(a + i * a_row, a_row, a_step, panel, count, sums + i * width);
  for (; i < outer; ++i) add_tile<1, V>(a + i * a_row, a_row, a_step, panel, count, sums + i * width);
}

/// One panel of `registers` (1 or 2).
template <typename T>
BPLS_INLINE void add_panel(std::int64_t registers, const T* a, std::int64_t a_row, std::int64_t a_step, const T* panel,
                           std::int64_t count, std::int64_t outer, T* sums) {
  if (registers == 1)
    add_panel<1>(a, a_row, a_step, panel, count, outer, sums);
  else
    add_panel<2>(a, a_row, a_step, panel, count, outer, sums);
}

BPLS_CLONES void add_panel_here(std::int64_t registers, const double* a, std::int64_t a_row, std::int64_t a_step,
                                const double* panel, std::int64_t count, std::int64_t outer, double* sums) {
  add_panel(registers, a, a_row, a_step, panel, count, outer, sums);
}

BPLS_CLONES void add_panel_here(std::int64_t registers, const float* a, std::int64_t a_row, std::int64_t a_step,
                                const float* panel, std::int64_t count, std::int64_t outer, float* sums) {
  add_panel(registers, a, a_row, a_step, panel, count, outer, sums);
}

/// Calls visit(first column, registers) for each panel of m columns: two registers wide, the last as narrow as it may.
template <typename T, typename Visit>
void for_each_panel(std::int64_t m, const Visit& visit) {
  constexpr std::int64_t lanes = Wide<T>::lanes;
  for (std::int64_t k = 0; k < m; k += panel_width * lanes)
    visit(k, std::min(panel_width, (m - k + lanes - 1) / lanes));
}

/// Elements of a row in panels.
template <typename T>
std::int64_t packed_width(std::int64_t m) {
  constexpr std::int64_t lanes = Wide<T>::lanes;
  return (m + lanes - 1) / lanes * lanes;
}

/// Columns of B (rows×m) in panels, one behind the other, filled up with zeros.
template <typename T>
void pack(const T* b, std::int64_t rows, std::int64_t m, T* packed) {
  for_each_panel<T>(m, [=](std::int64_t k, std::int64_t registers) {
    const std::int64_t width = registers * Wide<T>::lanes, used = std::min(width, m - k);
    T* to = packed + k * rows;
    for (std::int64_t i = 0; i < rows; ++i, to += width) {
      std::copy_n(b + i * m + k, used, to);
      std::fill(to + used, to + width, T(0));
    }
  });
}

/// Z (rows×m) = A V for packed V (n×m).
template <typename T>
void multiply_rows(const T* a, const T* packed, std::int64_t rows, std::int64_t n, std::int64_t m, T* z) {
  alignas(64) T sums[chunk * panel_width * Wide<T>::lanes];
  for (std::int64_t i = 0; i < rows; i += chunk) {
    const std::int64_t count = std::min(chunk, rows - i);
    for_each_panel<T>(m, [&](std::int64_t k, std::int64_t registers) {
      const std::int64_t width = registers * Wide<T>::lanes;
      std::fill_n(sums, count * width, T(0));
      add_panel_here(registers, a + i * n, n, 1, packed + k * n, n, count, sums);
      for (std::int64_t r = 0; r < count; ++r)
        std::copy_n(sums + r * width, std::min(width, m - k), z + (i + r) * m + k);
    });
  }
}

/// Columns from `begin` to `end` of AᵀB for rows of A (rows×n) and packed B (rows×m), added to sums (n×m in panels).
template <typename T>
void add_columns(const T* a, const T* packed, std::int64_t rows, std::int64_t n, std::int64_t m, std::int64_t begin,
                 std::int64_t end, T* sums) {
  for_each_panel<T>(m, [=](std::int64_t k, std::int64_t registers) {
    const std::int64_t width = registers * Wide<T>::lanes;
    add_panel_here(registers, a + begin, 1, n, packed + k * rows, rows, end - begin, sums + k * n + begin * width);
  });
}

}  // namespace

template <typename T>
void multiply_narrow(const T* a, const T* v, std::int64_t rows, std::int64_t n, std::int64_t m, T* z,
                     Scratch& scratch) {
  count_operations(2 * rows * n * m);
  T* packed = scratch.take<T>(n * packed_width<T>(m));
  pack(v, n, m, packed);
  parallel_for(rows, chunk, [=](std::int64_t begin, std::int64_t end) {
    multiply_rows(a + begin * n, packed, end - begin, n, m, z + begin * m);
  });
}

/// C (n×m) += sign sums (n×m in panels), rows from `begin` to `end`.
template <typename T>
void unpack(const T* sums, std::int64_t n, std::int64_t m, T sign, std::int64_t begin, std::int64_t end, T* c) {
  for_each_panel<T>(m, [=](std::int64_t k, std::int64_t registers) {
    const std::int64_t width = registers * Wide<T>::lanes, used = std::min(width, m - k);
    for (std::int64_t j = begin; j < end; ++j)
      for (std::int64_t q = 0; q < used; ++q) c[j * m + k + q] += sign * sums[k * n + j * width + q];
  });
}

template <typename T>
void accumulate_narrow(const T* a, const T* b, std::int64_t rows, std::int64_t n, std::int64_t m, T sign, T* c,
                       Scratch& scratch) {
  count_operations(2 * rows * n * m);
  const std::int64_t width = packed_width<T>(m);
  T* sums = scratch.take_zeroed<T>(n * width);
  T* packed = scratch.take<T>(rows * width);
  for (std::int64_t i = 0; i < rows; i += chunk) pack(b + i * m, std::min(chunk, rows - i), m, packed + i * width);
  // Each thread has its columns of A to itself, for all rows: no sums to reconcile, the same bits for any number.
  parallel_for(n, chunk, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = 0; i < rows; i += chunk)
      add_columns(a + i * n, packed + i * width, std::min(chunk, rows - i), n, m, begin, end, sums);
    unpack(sums, n, m, sign, begin, end, c);
  });
}

template <typename T>
void revise_narrow(const T* a, const T* v, std::int64_t rows, std::int64_t n, std::int64_t m,
                   const std::function<void(std::int64_t, std::int64_t)>& revise, T* z, T* c, Scratch& scratch) {
  count_operations((c ? 4 : 2) * rows * n * m);
  const std::int64_t width = packed_width<T>(m);
  T* packed = scratch.take<T>(n * width);
  pack(v, n, m, packed);
  const int parts = parts_of(rows, chunk);
  T* sums = c ? scratch.take_zeroed<T>(parts * n * width) : nullptr;
  T* blocks = c ? scratch.take<T>(parts * chunk * width) : nullptr;
  parallel_parts(rows, chunk, [=, &revise](int part, std::int64_t begin, std::int64_t end) {
    T* block = blocks + part * chunk * width;
    for (std::int64_t i = begin; i < end; i += chunk) {
      const std::int64_t count = std::min(chunk, end - i);
      multiply_rows(a + i * n, packed, count, n, m, z + i * m);
      revise(i, i + count);
      if (!c) continue;
      pack(z + i * m, count, m, block);
      add_columns(a + i * n, block, count, n, m, 0, n, sums + part * n * width);
    }
  });
  for (int part = 0; c && part < parts; ++part) unpack(sums + part * n * width, n, m, T(1), 0, n, c);
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
