#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "activation.h"

namespace bpls {

/// One layer: weights W ((inputs+1)×units, row-major); the last row is the bias, the rows before it are V.
template <typename T>
struct Layer {
  const T* weights;
  std::int64_t inputs, units;
  Activation activation;

  const T* bias() const { return weights + inputs * units; }
};

template <typename T>
using Network = std::vector<Layer<T>>;

/// Units of the widest layer.
template <typename T>
std::int64_t widest(const Network<T>& network) {
  std::int64_t units = 0;
  for (const Layer<T>& layer : network) units = std::max(units, layer.units);
  return units;
}

/// The rows of a batch: `count` rows from `start`, or the rows that `indices[start…]` names.
struct Rows {
  std::int64_t start, count;
  const std::int32_t* indices = nullptr;

  std::int64_t operator[](std::int64_t i) const { return indices ? indices[start + i] : start + i; }
};

/// Borrowed samples X (rows×cols), standardised on the way in as z = (x - shift) · scale where `scale` is given, and as
/// asinh z where `asinh` is not 0 for the column.
template <typename T>
struct Samples {
  const T* data;
  std::int64_t rows, cols;
  const T* shift = nullptr;
  const T* scale = nullptr;
  const T* asinh = nullptr;
};

/// Room for the activations of `rows` samples: H_1 (rows×N_1), then H_2, and so on; and where those of a batch are in
/// it: from `slot` on, or at `slots[i]` for the row that indices[i] names. A batch that is not kept has no data.
template <typename T>
struct Cache {
  T* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t slot = 0;
  const std::int32_t* slots = nullptr;
};

}  // namespace bpls
