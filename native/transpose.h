#pragma once

#include <algorithm>
#include <cstdint>

#include "parallel.h"

namespace bpls {

/// to (cols×rows) = fromᵀ for from (rows×cols), in tiles that fit the first-level cache.
template <typename T>
void transpose(const T* from, std::int64_t rows, std::int64_t cols, T* to) {
  constexpr std::int64_t tile = 32;
  parallel_for((rows + tile - 1) / tile, std::max<std::int64_t>(1, 1024 / std::max<std::int64_t>(cols, 1)),
               [=](std::int64_t begin, std::int64_t end) {
                 const std::int64_t last = std::min(rows, end * tile);
                 for (std::int64_t i = begin * tile; i < last; i += tile)
                   for (std::int64_t j = 0; j < cols; j += tile)
                     for (std::int64_t k = i; k < std::min(i + tile, last); ++k)
                       for (std::int64_t l = j; l < std::min(j + tile, cols); ++l)
                         to[l * rows + k] = from[k * cols + l];
               });
}

}  // namespace bpls
