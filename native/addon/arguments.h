#pragma once

#include <napi.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "huge_pages.h"
#include "network.h"

namespace bpls::addon {

constexpr std::int64_t largest_dimension = std::numeric_limits<std::int32_t>::max();

template <typename T>
constexpr napi_typedarray_type array_type() {
  if constexpr (std::is_same_v<T, double>) return napi_float64_array;
  if constexpr (std::is_same_v<T, float>) return napi_float32_array;
  if constexpr (std::is_same_v<T, std::int32_t>) return napi_int32_array;
  if constexpr (std::is_same_v<T, std::uint8_t>) return napi_uint8_array;
}

/// The one object that every raw function takes. Reads its properties, checks each typed array's type and length
/// before any pointer is used, and keeps the arrays alive while a call runs. These checks guard memory; the checks
/// for people, with messages to match, are in lib/.
class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo& info) : env_(info.Env()) {
    if (info.Length() < 1 || !info[0].IsObject()) throw Napi::TypeError::New(env_, "Expected one object of arguments");
    object_ = info[0].As<Napi::Object>();
    kept_ = Napi::Array::New(env_);
  }

  Napi::Env env() const { return env_; }
  Napi::Array kept() const { return kept_; }

  bool has(const char* name) const {
    const Napi::Value value = object_.Get(name);
    return !value.IsUndefined() && !value.IsNull();
  }

  double number(const char* name) const {
    const Napi::Value value = object_.Get(name);
    if (!value.IsNumber()) fail(name, "a number");
    return value.As<Napi::Number>().DoubleValue();
  }

  std::int64_t size(const char* name, std::int64_t most = largest_dimension) const {
    const double value = number(name);
    if (!(value >= 0) || value > static_cast<double>(most) || value != std::floor(value))
      fail(name, ("an integer from 0 to " + std::to_string(most)).c_str());
    return static_cast<std::int64_t>(value);
  }

  std::int64_t positive(const char* name) const {
    const std::int64_t value = size(name);
    if (value == 0) fail(name, "a positive integer");
    return value;
  }

  bool flag(const char* name) const {
    const Napi::Value value = object_.Get(name);
    return value.IsBoolean() && value.As<Napi::Boolean>().Value();
  }

  int threads() const { return static_cast<int>(std::max<std::int64_t>(1, size("threads", 1024))); }

  /// By which a call may be withdrawn; 0 where it has none.
  std::int64_t ticket() const { return has("ticket") ? size("ticket", std::int64_t{1} << 53) : 0; }

  bool is_float32(const char* name) const {
    const Napi::Value value = object_.Get(name);
    return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_float32_array;
  }

  template <typename T>
  T* array(const char* name, std::int64_t length) {
    return pointer<T>(object_.Get(name), name, length);
  }

  template <typename T>
  T* optional(const char* name, std::int64_t length) {
    return has(name) ? array<T>(name, length) : nullptr;
  }

  /// An array of typed arrays, of the given lengths; missing entries are null, a missing array is empty.
  template <typename T>
  std::vector<T*> arrays(const char* name, const std::vector<std::int64_t>& lengths) {
    std::vector<T*> result;
    if (!has(name)) return result;
    const Napi::Array list = list_of(name);
    if (list.Length() != lengths.size()) fail(name, ("an array of length " + std::to_string(lengths.size())).c_str());
    for (std::uint32_t i = 0; i < lengths.size(); ++i) {
      const Napi::Value value = list.Get(i);
      result.push_back(value.IsNull() || value.IsUndefined() ? nullptr : pointer<T>(value, name, lengths[i]));
    }
    return result;
  }

  template <typename T>
  Layer<T> layer(const Napi::Value& value, const char* name) {
    if (!value.IsObject()) fail(name, "a layer");
    const Napi::Object object = value.As<Napi::Object>();
    const auto dimension = [&](const char* key) {
      const Napi::Value number = object.Get(key);
      const double given = number.IsNumber() ? number.As<Napi::Number>().DoubleValue() : 0;
      if (!(given >= 1) || given > largest_dimension || given != std::floor(given)) fail(key, "a positive integer");
      return static_cast<std::int64_t>(given);
    };
    const std::int64_t inputs = dimension("inputs"), units = dimension("units");
    const Napi::Value activation = object.Get("activation");
    const double code = activation.IsNumber() ? activation.As<Napi::Number>().DoubleValue() : -1;
    if (!(code >= 0) || code >= activation_count || code != std::floor(code)) fail("activation", "an activation");
    return {pointer<T>(object.Get("weights"), "weights", (inputs + 1) * units), inputs, units,
            static_cast<Activation>(static_cast<int>(code))};
  }

  template <typename T>
  Layer<T> layer(const char* name) {
    return layer<T>(object_.Get(name), name);
  }

  /// Layers that follow each other, the first of `inputs` inputs.
  template <typename T>
  Network<T> network(const char* name, std::int64_t inputs) {
    Network<T> result;
    const Napi::Array list = list_of(name);
    for (std::uint32_t i = 0; i < list.Length(); ++i) {
      result.push_back(layer<T>(list.Get(i), name));
      if (result.back().inputs != inputs) fail(name, "layers whose inputs are the units below");
      inputs = result.back().units;
    }
    return result;
  }

  template <typename T>
  Samples<T> samples() {
    const std::int64_t rows = size("samples"), cols = positive("columns");
    Samples<T> result{array<T>("inputs", rows * cols), rows, cols};
    result.scale = optional<T>("scale", cols);
    if (result.scale) result.shift = array<T>("shift", cols);
    if (result.scale) result.asinh = optional<T>("asinh", cols);
    return result;
  }

  /// `count` rows from `start` on, or those of `indices` there.
  Rows rows(std::int64_t samples) {
    const std::int64_t start = size("start"), count = size("count");
    if (has("indices")) return {0, count, indices("indices", start, count, samples)};
    if (start + count > samples) fail("count", "rows within the samples");
    return {start, count};
  }

  /// A copy of `count` indices from `start` on, all below `limit`: what the caller does to the others meanwhile must
  /// not lead out of an array.
  const std::int32_t* indices(const char* name, std::int64_t start, std::int64_t count, std::int64_t limit) {
    const auto* given = array<std::int32_t>(name, start + count) + start;
    const auto own = std::make_shared<std::vector<std::int32_t>>(given, given + count);
    for (const std::int32_t index : *own)
      if (index < 0 || index >= limit) fail(name, ("indices from 0 to " + std::to_string(limit - 1)).c_str());
    copies_.push_back(own);
    return own->data();
  }

  /// What the work is to keep alive beside `kept`.
  const std::vector<std::shared_ptr<std::vector<std::int32_t>>>& copies() const { return copies_; }

  std::vector<Napi::Value> list(const char* name, std::size_t most) const {
    std::vector<Napi::Value> values;
    const Napi::Array array = list_of(name);
    if (array.Length() > most) fail(name, ("an array of length " + std::to_string(most) + " at most").c_str());
    for (std::uint32_t i = 0; i < array.Length(); ++i) values.push_back(array.Get(i));
    return values;
  }

  template <typename T>
  T* of(const Napi::Value& owner, const char* name, std::int64_t length) {
    if (!owner.IsObject()) fail(name, "an object");
    return pointer<T>(owner.As<Napi::Object>().Get(name), name, length);
  }

  [[noreturn]] void fail(const char* name, const char* expected) const {
    throw Napi::TypeError::New(env_, std::string("Expected argument ") + name + " to be " + expected);
  }

  /// A getter that ran while arguments were read may have detached an array that was read before, and a setter on
  /// Array.prototype may have swallowed what was to be kept alive.
  void verify() const {
    if (kept_.Length() != pointers_.size())
      throw Napi::TypeError::New(env_, "Expected an Array.prototype without setters");
    for (const auto& [value, data] : pointers_)
      if (value.ArrayBuffer().IsDetached() || address(value) != data)
        throw Napi::TypeError::New(env_, "Expected typed arrays that stay in place while arguments are read");
  }

 private:
  static const std::uint8_t* address(const Napi::TypedArray& array) {
    return static_cast<const std::uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset();
  }

  Napi::Array list_of(const char* name) const {
    const Napi::Value value = object_.Get(name);
    if (!value.IsArray()) fail(name, "an array");
    return value.As<Napi::Array>();
  }

  template <typename T>
  T* pointer(const Napi::Value& value, const char* name, std::int64_t length) {
    const char* expected = std::is_same_v<T, double>         ? "a Float64Array"
                           : std::is_same_v<T, float>        ? "a Float32Array"
                           : std::is_same_v<T, std::int32_t> ? "an Int32Array"
                                                             : "a Uint8Array";
    if (!value.IsTypedArray()) fail(name, expected);
    const Napi::TypedArray array = value.As<Napi::TypedArray>();
    if (array.TypedArrayType() != array_type<T>()) fail(name, expected);
    if (array.ArrayBuffer().IsDetached()) {
      const Napi::Error error =
          Napi::TypeError::New(env_, std::string("Expected argument ") + name + " to be attached to its memory");
      error.Set("code", "UNSUPPORTED_BUFFER");
      throw error;
    }
    if (static_cast<std::int64_t>(array.ElementLength()) < length)
      fail(name, (std::string(expected) + " of at least " + std::to_string(length) + " elements").c_str());
    // The system takes back what a resizable buffer gives up, even while a call reads it.
    if (array.ArrayBuffer().Get("resizable").ToBoolean())
      fail(name, (std::string(expected) + " of fixed size").c_str());
    kept_.Set(kept_.Length(), value);
    pointers_.emplace_back(array, address(array));
    prefer_huge_pages(pointers_.back().second, static_cast<std::size_t>(length) * sizeof(T));
    return const_cast<T*>(reinterpret_cast<const T*>(pointers_.back().second));
  }

  Napi::Env env_;
  Napi::Object object_;
  Napi::Array kept_;
  std::vector<std::pair<Napi::TypedArray, const std::uint8_t*>> pointers_;
  std::vector<std::shared_ptr<std::vector<std::int32_t>>> copies_;
};

}  // namespace bpls::addon
