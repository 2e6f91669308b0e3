#pragma once

#include <cstdint>

namespace bpls {

/// Activations of the layers. Each is given with its derivative as a function of its value h = f(z), so that no
/// pre-activation need be kept; gelu, which falls and rises, has in the last bit of its value on which side z is.
/// `softmax` and `softmin` act on a whole row and are for output layers.
enum class Activation : std::int32_t {
  identity,
  sigmoid,
  tanh,
  elu,
  softplus,
  relu,
  leaky_relu,
  gelu,
  softmax,
  softmin
};

constexpr int activation_count = 10;

/// Z (rows×cols, contiguous) = f(Z + 1 biasᵀ), in place.
template <typename T>
void activate(Activation f, T* z, const T* bias, std::int64_t rows, std::int64_t cols);

/// D = f′ where H = f(Z), and E = E ∘ D in place; all have `count` elements.
template <typename T>
void scale_by_derivative(Activation f, const T* h, T* e, T* d, std::int64_t count);

/// E (rows×cols) = (E + 1 biasᵀ) ∘ f′ where H = f(Z), in place.
template <typename T>
void add_and_scale(Activation f, const T* h, const T* bias, T* e, std::int64_t rows, std::int64_t cols);

/// X = f⁻¹(X clipped to the open range of f), in place. Only for the injective ones (not relu and gelu).
template <typename T>
void invert(Activation f, T* x, std::int64_t count);

}  // namespace bpls
