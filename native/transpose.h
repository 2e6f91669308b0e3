#pragma once

#include <algorithm>
#include <cstdint>

#include "parallel.h"

namespace bpls {

/// Rows and columns of a tile that fits the first-level cache.
constexpr std::int64_t transpose_tile = 32;

/// from (rows×cols, row-major) into columns that are `stride` apart, by this thread.
template <typename T>
void to_columns(const T* from, std::int64_t rows, std::int64_t cols, T* to, std::int64_t stride) {
  for (std::int64_t i = 0; i < rows; i += transpose_tile)
    for (std::int64_t j = 0; j < cols; j += transpose_tile)
      for (std::int64_t k = i; k < std::min(i + transpose_tile, rows); ++k)
        for (std::int64_t l = j; l < std::min(j + transpose_tile, cols); ++l) to[l * stride + k] = from[k * cols + l];
}

/// to (cols×rows) = fromᵀ for from (rows×cols)
template <typename T>
void transpose(const T* from, std::int64_t rows, std::int64_t cols, T* to) {
  parallel_for((rows + transpose_tile - 1) / transpose_tile,
               std::max<std::int64_t>(1, rows_to_touch(cols) / transpose_tile),
               [=](std::int64_t begin, std::int64_t end) {
                 const std::int64_t first = begin * transpose_tile, last = std::min(rows, end * transpose_tile);
                 to_columns(from + first * cols, last - first, cols, to + first, rows);
               });
}

}  // namespace bpls
