#pragma once

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

namespace bpls {

/// The integer of the LP64 BLAS and LAPACK interfaces.
using blas_int = int;

/// Dimensions are 64-bit everywhere and narrowed here, once, at the BLAS boundary.
inline blas_int narrow(std::int64_t dimension) {
  if (dimension < 0 || dimension > std::numeric_limits<blas_int>::max())
    throw std::length_error("dimension " + std::to_string(dimension) + " does not fit the 32-bit BLAS interface");
  return static_cast<blas_int>(dimension);
}

}  // namespace bpls
