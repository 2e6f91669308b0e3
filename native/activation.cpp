#include "activation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "clones.h"
#include "parallel.h"

namespace bpls {
namespace {

/// What an activation takes of each number, in numbers that are only touched.
constexpr std::int64_t cost = 2;

/// std::bit_cast, which GCC leaves a call in a long function, so that its loop is not vectorised.
template <typename To, typename From>
BPLS_INLINE constexpr To bit_cast(From value) {
  return __builtin_bit_cast(To, value);
}

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
  const T scale = bit_cast<T>((bit_cast<typename R::Bits>(shifted) + R::bias) << static_cast<unsigned>(R::mantissa));
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

/// gelu(z) = z σ(u(z)), its derivative, and its least value.
constexpr double gelu_factor = 1.5957691216057308, gelu_cube = 0.044715;  // 2 √(2/π), and the paper's coefficient of z³
constexpr double gelu_lowest = -0.17004075057125406, gelu_lowest_at = -0.75246142207101622;

template <typename T>
struct Gelu {
  T value, slope;
};

template <typename T>
BPLS_INLINE Gelu<T> gelu(T z) {
  // Below, e^u would be less than the least normal number, and products with such numbers are slow.
  constexpr T least = std::is_same_v<T, double> ? T(-21) : T(-9.5);
  z = z < least ? least : z;
  constexpr T factor = static_cast<T>(gelu_factor), cube = static_cast<T>(gelu_cube);
  const T u = factor * (z + cube * z * z * z);
  const T e = exponential<T>(-std::abs(u)).value;
  const T down = T(1) / (T(1) + e), up = e * down, sigma = u < T(0) ? up : down;
  return {z * sigma, sigma + z * up * down * factor * (T(1) + 3 * cube * z * z)};
}

template <typename T, typename... Rest>
BPLS_INLINE T polynomial(T x, double coefficient, Rest... higher) {
  if constexpr (sizeof...(Rest) == 0)
    return static_cast<T>(coefficient);
  else
    return polynomial(x, higher...) * x + static_cast<T>(coefficient);
}

/// Log to base 2 of x >= √½, to some 1e-8 of itself.
template <typename T>
BPLS_INLINE T log2_of(T x) {
  using R = Real<T>;
  using Bits = typename R::Bits;
  constexpr Bits root_half = bit_cast<Bits>(static_cast<T>(0.70710678118654752));
  const Bits n = (bit_cast<Bits>(x) - root_half) >> static_cast<unsigned>(R::mantissa);
  const T m = bit_cast<T>(bit_cast<Bits>(x) - (n << static_cast<unsigned>(R::mantissa)));
  const T s = (m - T(1)) / (m + T(1)), q = s * s;
  const T whole = bit_cast<T>(bit_cast<Bits>(R::round_shift) + n) - R::round_shift;
  return whole + T(2 * 1.4426950408889634) * s * polynomial(q, 1, 1.0 / 3, 1.0 / 5, 1.0 / 7);
}

/// f′ of gelu from h = f(z), whose last bit says on which side of the least value z is. First z, to some 5e-4 of its
/// distance from there, by polynomials in the root of how far h is above that value (right) or of how much less its
/// logarithm is (left); then Newton's method, which squares the error. No choice hangs on z itself: GCC would not
/// vectorise the loop.
template <typename T>
BPLS_INLINE T gelu_slope(T h) {
  using R = Real<T>;
  using Bits = typename R::Bits;
  constexpr bool is_double = std::is_same_v<T, double>;
  constexpr T lowest = static_cast<T>(gelu_lowest), lowest_at = static_cast<T>(gelu_lowest_at);
  constexpr T beyond = T(3.8), nothing = T(-1e-27);  // where f(z) is as good as z, and as good as 0
  const T depth = h - lowest, further = h < beyond ? T(0) : h - beyond;
  const T root = std::sqrt(depth < T(0) ? T(0) : depth - further);
  const T right = further + root * polynomial(root, 2.15504224, -1.35415334, 1.88722679, -1.68692838, 0.976583996,
                                              -0.258926282, 0.0226843236);
  const T fall = log2_of(lowest / (h < nothing ? h : nothing));
  const T fallen = std::sqrt(fall < T(0) ? T(0) : fall);
  const T left = fallen * polynomial(fallen, 0.739691679, 0.167519771, -0.0384492388, 0.00190775492, 0.000383974921,
                                     -5.58696289e-05, 2.13336477e-06);
  const Bits one = bit_cast<Bits>(T(1)), last = bit_cast<Bits>(h) & Bits(1);
  const T side = T(2) * (bit_cast<T>(one | last << static_cast<unsigned>(R::mantissa - 1)) - T(1));  // 1 is left
  T z = lowest_at + right * (T(1) - side) - left * side;
  // Next to the least value h says no more than where this starts.
  constexpr T flat = is_double ? T(1e-12) : T(1e-6);
#pragma GCC unroll 3
  for (int step = 0; step < (is_double ? 3 : 1); ++step) {
    const Gelu<T> at = gelu(z);
    z -= depth > flat ? (at.value - h) / at.slope : T(0);
  }
  return gelu(z).slope;
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
  } else if constexpr (F == Activation::gelu) {
    using Bits = typename Real<T>::Bits;
    const Bits is_left = x < static_cast<T>(gelu_lowest_at) ? 1 : 0;
    return bit_cast<T>((bit_cast<Bits>(gelu(x).value) & ~Bits(1)) | is_left);
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
  else if constexpr (F == Activation::gelu)
    return gelu_slope(h);
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
BPLS_BOTH(gelu)

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
    BPLS_CASE(gelu)
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
  parallel_for(rows, rows_to_touch(cost * cols), [=](std::int64_t begin, std::int64_t end) {
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
  parallel_for(rows, rows_to_touch(cost * cols),
               [=](std::int64_t begin, std::int64_t end) { kernel(z + begin * cols, bias, end - begin, cols); });
  if (f == Activation::softmax) normalised_exponential(z, T(1), rows, cols);
  if (f == Activation::softmin) normalised_exponential(z, T(-1), rows, cols);
}

template <typename T>
void scale_by_derivative(Activation f, const T* h, T* e, T* d, std::int64_t count) {
  const auto kernel = kernels<T>(f).scale;
  parallel_for(count, rows_to_touch(cost),
               [=](std::int64_t begin, std::int64_t end) { kernel(h + begin, e + begin, d + begin, end - begin); });
}

template <typename T>
void add_and_scale(Activation f, const T* h, const T* bias, T* e, std::int64_t rows, std::int64_t cols) {
  const auto kernel = kernels<T>(f).add_and_scale;
  parallel_for(rows, rows_to_touch(cost * cols), [=](std::int64_t begin, std::int64_t end) {
    kernel(h + begin * cols, bias, e + begin * cols, end - begin, cols);
  });
}

template <typename T>
void invert(Activation f, T* x, std::int64_t count) {
  if (f == Activation::identity) return;
  parallel_for(count, rows_to_touch(8 * cost), [=](std::int64_t begin, std::int64_t end) {
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
