#include "activation.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

#include "clones.h"
#include "parallel.h"

namespace bpls {
namespace {

constexpr std::int64_t grain = 16384;

template <typename T>
struct Real;

template <>
struct Real<double> {
  using Bits = std::uint64_t;
  static constexpr double round_shift = 0x1.8p52, ln2_high = 0x1.62e42fefa0000p-1, ln2_low = 0x1.cf79abc9e3b3ap-40;
  static constexpr double smallest_exponent = -708;
  static constexpr Bits bias = 1023;
  static constexpr int mantissa = 52;
};

template <>
struct Real<float> {
  using Bits = std::uint32_t;
  static constexpr float round_shift = 0x1.8p23f, ln2_high = 0x1.62e400p-1f, ln2_low = 0x1.7f7d1cp-20f;
  static constexpr float smallest_exponent = -87;
  static constexpr Bits bias = 127;
  static constexpr int mantissa = 23;
};

/// exp(x) - 1 for x <= 0 and its exp(x): x = n ln 2 + r with |r| <= ln 2 / 2 and the Taylor polynomial of e^r - 1,
/// exact to rounding (degree 13 in double, 7 in single). Branch-free, so that loops over it vectorise.
template <typename T>
struct Exponential {
  T minus_one, value;
};

template <typename T>
BPLS_INLINE Exponential<T> exponential(T x) {
  using R = Real<T>;
  x = x < R::smallest_exponent ? R::smallest_exponent : x;
  const T shifted = x * static_cast<T>(1.4426950408889634074) + R::round_shift;
  const T n = shifted - R::round_shift;
  const T r = (x - n * R::ln2_high) - n * R::ln2_low;
  const T scale =
      std::bit_cast<T>((std::bit_cast<typename R::Bits>(shifted) + R::bias) << static_cast<unsigned>(R::mantissa));
  T p;
  if constexpr (std::is_same_v<T, double>) {
    p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
  } else {
    p = T(1.0 / 5040.0);
    p = p * r + T(1.0 / 720.0);
  }
  p = p * r + T(1.0 / 120.0);
  p = p * r + T(1.0 / 24.0);
  p = p * r + T(1.0 / 6.0);
  p = p * r + T(0.5);
  p = p * r * r + r;
  return {p * scale + (scale - T(1)), p * scale + scale};
}

template <typename T>
BPLS_INLINE T softplus_of(T x) {
  // log(1 + e) = 2 atanh(s), s = e / (2 + e) in [0, 1/3]: the odd series needs no logarithm.
  const T e = exponential<T>(x < T(0) ? x : -x).value;
  const T s = e / (T(2) + e), q = s * s;
  constexpr int terms = std::is_same_v<T, double> ? 17 : 8;
  T series = T(0);
#pragma GCC unroll 17
  for (int k = terms - 1; k >= 0; --k) series = series * q + T(1) / static_cast<T>(2 * k + 1);
  return (x > T(0) ? x : T(0)) + T(2) * s * series;
}

template <Activation F, typename T>
BPLS_INLINE T value(T x) {
  if constexpr (F == Activation::sigmoid) {
    const T e = exponential<T>(x < T(0) ? x : -x).value;
    return (x < T(0) ? e : T(1)) / (T(1) + e);
  } else if constexpr (F == Activation::tanh) {
    const T m = exponential<T>(T(-2) * (x < T(0) ? -x : x)).minus_one;
    const T t = -m / (T(2) + m);
    return x < T(0) ? -t : t;
  } else if constexpr (F == Activation::elu) {
    return x > T(0) ? x : exponential<T>(x > T(0) ? T(0) : x).minus_one;
  } else if constexpr (F == Activation::softplus) {
    return softplus_of(x);
  } else if constexpr (F == Activation::relu) {
    return x < T(0) ? T(0) : x;  // keeps NaN
  } else if constexpr (F == Activation::leaky_relu) {
    return x > T(0) ? x : T(0.01) * x;
  } else {
    return x;
  }
}

template <Activation F, typename T>
BPLS_INLINE T slope(T h) {
  if constexpr (F == Activation::sigmoid)
    return h * (T(1) - h);
  else if constexpr (F == Activation::tanh)
    return T(1) - h * h;
  else if constexpr (F == Activation::elu)
    return h > T(0) ? T(1) : h + T(1);
  else if constexpr (F == Activation::softplus)
    return -exponential<T>(-h).minus_one;
  else if constexpr (F == Activation::relu)
    return h > T(0) ? T(1) : T(0);
  else if constexpr (F == Activation::leaky_relu)
    return h > T(0) ? T(1) : T(0.01);
  else
    return T(1);
}

// target_clones does not take templates, so each pair of activation and precision gets its two plain functions.
#define BPLS_KERNELS(name, F, T)                                                                                 \
  BPLS_CLONES void name##_value(T* z, const T* bias, std::int64_t rows, std::int64_t cols) {                     \
    for (std::int64_t i = 0; i < rows; ++i, z += cols)                                                           \
      for (std::int64_t j = 0; j < cols; ++j) z[j] = value<F, T>(z[j] + bias[j]);                                \
  }                                                                                                              \
  BPLS_CLONES void name##_scale(const T* h, T* e, T* d, std::int64_t count) {                                    \
    for (std::int64_t j = 0; j < count; ++j) e[j] *= d[j] = slope<F, T>(h[j]);                                   \
  }                                                                                                              \
  BPLS_CLONES void name##_add_and_scale(const T* h, const T* bias, T* e, std::int64_t rows, std::int64_t cols) { \
    for (std::int64_t i = 0; i < rows; ++i, h += cols, e += cols)                                                \
      for (std::int64_t j = 0; j < cols; ++j) e[j] = (e[j] + bias[j]) * slope<F, T>(h[j]);                       \
  }
#define BPLS_BOTH(name)                                 \
  BPLS_KERNELS(name##_double, Activation::name, double) \
  BPLS_KERNELS(name##_float, Activation::name, float)

BPLS_BOTH(identity)
BPLS_BOTH(sigmoid)
BPLS_BOTH(tanh)
BPLS_BOTH(elu)
BPLS_BOTH(softplus)
BPLS_BOTH(relu)
BPLS_BOTH(leaky_relu)

template <typename T>
struct Kernels {
  void (*value)(T*, const T*, std::int64_t, std::int64_t);
  void (*scale)(const T*, T*, T*, std::int64_t);
  void (*add_and_scale)(const T*, const T*, T*, std::int64_t, std::int64_t);
};

template <typename T>
Kernels<T> kernels(Activation f) {
#define BPLS_CASE(name)                                                               \
  case Activation::name:                                                              \
    if constexpr (std::is_same_v<T, double>)                                          \
      return {name##_double_value, name##_double_scale, name##_double_add_and_scale}; \
    else                                                                              \
      return {name##_float_value, name##_float_scale, name##_float_add_and_scale};
  switch (f) {
    BPLS_CASE(sigmoid)
    BPLS_CASE(tanh)
    BPLS_CASE(elu)
    BPLS_CASE(softplus)
    BPLS_CASE(relu)
    BPLS_CASE(leaky_relu)
    case Activation::softmax:
    case Activation::softmin:
      BPLS_CASE(identity)
  }
#undef BPLS_CASE
  return {};
}

/// Each row becomes exp(±(z - extreme)) over its sum, so that no exponent is positive.
template <typename T>
void normalised_exponential(T* z, T sign, std::int64_t rows, std::int64_t cols) {
  parallel_for(rows, grain / std::max<std::int64_t>(cols, 1), [=](std::int64_t begin, std::int64_t end) {
    for (T* row = z + begin * cols; row != z + end * cols; row += cols) {
      T largest = -std::numeric_limits<T>::infinity(), sum = 0;
      for (std::int64_t j = 0; j < cols; ++j) largest = std::max(largest, sign * row[j]);
      for (std::int64_t j = 0; j < cols; ++j) sum += row[j] = std::exp(sign * row[j] - largest);
      for (std::int64_t j = 0; j < cols; ++j) row[j] /= sum;
    }
  });
}

/// Where the range of f is open, desired values are kept this far inside it.
constexpr double range_margin = 1e-6;

template <typename T>
T inverse_of(Activation f, T y) {
  constexpr T edge = static_cast<T>(range_margin);
  switch (f) {
    case Activation::sigmoid:
      y = std::clamp(y, edge, 1 - edge);
      return std::log(y / (1 - y));
    case Activation::tanh:
      return std::atanh(std::clamp(y, edge - 1, 1 - edge));
    case Activation::elu:
      return y > 0 ? y : std::log1p(std::max(y, edge - 1));
    case Activation::softplus:
      // log(e^y - 1), written so that it neither overflows nor cancels.
      y = std::max(y, edge);
      return y + std::log(-std::expm1(-y));
    case Activation::leaky_relu:
      return y > 0 ? y : y * 100;
    default:
      return y;
  }
}

}  // namespace

template <typename T>
void activate(Activation f, T* z, const T* bias, std::int64_t rows, std::int64_t cols) {
  const auto kernel = kernels<T>(f).value;
  parallel_for(rows, grain / std::max<std::int64_t>(cols, 1),
               [=](std::int64_t begin, std::int64_t end) { kernel(z + begin * cols, bias, end - begin, cols); });
  if (f == Activation::softmax) normalised_exponential(z, T(1), rows, cols);
  if (f == Activation::softmin) normalised_exponential(z, T(-1), rows, cols);
}

template <typename T>
void scale_by_derivative(Activation f, const T* h, T* e, T* d, std::int64_t count) {
  const auto kernel = kernels<T>(f).scale;
  parallel_for(count, grain,
               [=](std::int64_t begin, std::int64_t end) { kernel(h + begin, e + begin, d + begin, end - begin); });
}

template <typename T>
void add_and_scale(Activation f, const T* h, const T* bias, T* e, std::int64_t rows, std::int64_t cols) {
  const auto kernel = kernels<T>(f).add_and_scale;
  parallel_for(rows, grain / std::max<std::int64_t>(cols, 1), [=](std::int64_t begin, std::int64_t end) {
    kernel(h + begin * cols, bias, e + begin * cols, end - begin, cols);
  });
}

template <typename T>
void invert(Activation f, T* x, std::int64_t count) {
  if (f == Activation::identity) return;
  parallel_for(count, grain / 8, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t j = begin; j < end; ++j) x[j] = inverse_of(f, x[j]);
  });
}

template void activate(Activation, double*, const double*, std::int64_t, std::int64_t);
template void activate(Activation, float*, const float*, std::int64_t, std::int64_t);
template void scale_by_derivative(Activation, const double*, double*, double*, std::int64_t);
template void scale_by_derivative(Activation, const float*, float*, float*, std::int64_t);
template void add_and_scale(Activation, const double*, const double*, double*, std::int64_t, std::int64_t);
template void add_and_scale(Activation, const float*, const float*, float*, std::int64_t, std::int64_t);
template void invert(Activation, double*, std::int64_t);
template void invert(Activation, float*, std::int64_t);

}  // namespace bpls
