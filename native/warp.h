#pragma once

#include <cstdint>

namespace bpls {

/// Images of height × width pixels of `channels` numbers each, channels last.
struct ImageShape {
  std::int64_t height, width, channels;

  std::int64_t size() const { return height * width * channels; }
};

/// Numbers of an affine map: two rows of three.
constexpr std::int64_t map_size = 6;

/// to (count×size) := each image of `from` as seen through its own map (count×6). With (u, v) = (i, j) less the middle
/// of the image, pixel (i, j) is that of `from` at the middle plus (m0 u + m1 v + m2, m3 u + m4 v + m5), bilinear
/// between four pixels; beyond the edge it is the nearest pixel's. A map that is not finite gives pixels of the image
/// all the same.
template <typename T>
void warp(const T* from, std::int64_t count, const ImageShape& shape, const double* maps, T* to);

}  // namespace bpls
