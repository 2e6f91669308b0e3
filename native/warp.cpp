#include "warp.h"

#include <algorithm>
#include <cmath>

#include "parallel.h"

namespace bpls {
namespace {

/// A place between two pixels of `size` in a row, or on the nearest of them.
struct Place {
  std::int64_t first, second;
  double share;

  Place(double at, std::int64_t size) {
    // Written so that NaN becomes 0.
    const double inside = at > 0 ? std::min(at, static_cast<double>(size - 1)) : 0;
    first = static_cast<std::int64_t>(inside);
    second = std::min(first + 1, size - 1);
    share = inside - static_cast<double>(first);
  }
};

template <typename T>
void warp_one(const T* from, const ImageShape& shape, const double* map, T* to) {
  const auto [height, width, channels] = shape;
  const double middle_row = static_cast<double>(height - 1) / 2, middle_column = static_cast<double>(width - 1) / 2;
  for (std::int64_t i = 0; i < height; ++i)
    for (std::int64_t j = 0; j < width; ++j) {
      const double u = static_cast<double>(i) - middle_row, v = static_cast<double>(j) - middle_column;
      const Place row(middle_row + map[0] * u + map[1] * v + map[2], height);
      const Place column(middle_column + map[3] * u + map[4] * v + map[5], width);
      const T* above = from + row.first * width * channels;
      const T* below = from + row.second * width * channels;
      const auto down = static_cast<T>(row.share), right = static_cast<T>(column.share);
      for (std::int64_t c = 0; c < channels; ++c) {
        const std::int64_t left_of = column.first * channels + c, right_of = column.second * channels + c;
        // Weighted means rather than a difference taken further: what is equal stays so, and nothing overflows.
        const T upper = (1 - right) * above[left_of] + right * above[right_of];
        const T lower = (1 - right) * below[left_of] + right * below[right_of];
        *to++ = (1 - down) * upper + down * lower;
      }
    }
}

}  // namespace

template <typename T>
void warp(const T* from, std::int64_t count, const ImageShape& shape, const double* maps, T* to) {
  parallel_for(count, 1 + 16384 / shape.size(), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      warp_one(from + i * shape.size(), shape, maps + i * map_size, to + i * shape.size());
  });
}

template void warp(const double*, std::int64_t, const ImageShape&, const double*, double*);
template void warp(const float*, std::int64_t, const ImageShape&, const double*, float*);

}  // namespace bpls
