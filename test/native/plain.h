#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "network.h"

// Plain loops in double precision, right by inspection, to compare the units with. Row-major throughout.
namespace plain {

using bpls::Layer;
using bpls::Network;

template <typename T>
using Values = std::vector<T>;

/// The same numbers in every run, from −1 to 1.
template <typename T>
Values<T> draw(std::int64_t count, unsigned seed) {
  std::mt19937 next(seed);
  Values<T> values(static_cast<std::size_t>(count));
  for (T& value : values) value = static_cast<T>(static_cast<double>(next()) / 2147483648.0 - 1.0);
  return values;
}

template <typename T>
auto at(const T& values, std::int64_t index) {
  return values[static_cast<std::size_t>(index)];
}

/// A (m×k) B (k×n)
template <typename A, typename B>
Values<double> product(const A& a, const B& b, std::int64_t m, std::int64_t k, std::int64_t n) {
  Values<double> c(static_cast<std::size_t>(m * n));
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t l = 0; l < k; ++l)
      for (std::int64_t j = 0; j < n; ++j)
        c[static_cast<std::size_t>(i * n + j)] +=
            static_cast<double>(at(a, i * k + l)) * static_cast<double>(at(b, l * n + j));
  return c;
}

template <typename A>
Values<double> transposed(const A& a, std::int64_t m, std::int64_t n) {
  Values<double> t(static_cast<std::size_t>(m * n));
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j < n; ++j) t[static_cast<std::size_t>(j * m + i)] = static_cast<double>(at(a, i * n + j));
  return t;
}

/// [A, 1]
template <typename A>
Values<double> with_ones(const A& a, std::int64_t m, std::int64_t n) {
  Values<double> result;
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) result.push_back(static_cast<double>(at(a, i * n + j)));
    result.push_back(1);
  }
  return result;
}

/// max |a − b| / (ε max |b|), over the lower triangle alone where `order` is given.
template <typename T, typename B>
double distance(const T* a, const B& b, std::int64_t order = 0) {
  double most = 0, size = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const auto index = static_cast<std::int64_t>(i);
    if (order > 0 && index % order > index / order) continue;
    const double difference = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    most = difference <= most ? most : difference;  // NaN gets through
    size = std::max(size, std::abs(static_cast<double>(b[i])));
  }
  return most == 0 ? 0 : most / (static_cast<double>(std::numeric_limits<T>::epsilon()) * size);
}

/// Layers of tanh units on `inputs` columns, and what their weights lie in.
template <typename T>
struct Stack {
  std::vector<Values<T>> weights;
  Network<T> network;

  Stack(std::int64_t inputs, const std::vector<std::int64_t>& units, unsigned seed,
        bpls::Activation activation = bpls::Activation::tanh) {
    for (const std::int64_t n : units) {
      weights.push_back(draw<T>((inputs + 1) * n, seed++));
      for (T& weight : weights.back()) weight /= std::sqrt(static_cast<T>(inputs + 1));
      network.push_back({weights.back().data(), inputs, n, activation});
      inputs = n;
    }
  }
};

/// Values of every layer, H_0 = X first.
template <typename T, typename X>
std::vector<Values<double>> forward(const Network<T>& network, const X& x, std::int64_t rows) {
  std::vector<Values<double>> values{{x.begin(), x.end()}};
  for (const Layer<T>& layer : network) {
    const Values<T> weights(layer.weights, layer.weights + (layer.inputs + 1) * layer.units);
    Values<double> z =
        product(with_ones(values.back(), rows, layer.inputs), weights, rows, layer.inputs + 1, layer.units);
    if (layer.activation == bpls::Activation::tanh)
      for (double& value : z) value = std::tanh(value);
    values.push_back(z);
  }
  return values;
}

}  // namespace plain
