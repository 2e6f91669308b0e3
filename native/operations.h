#pragma once

#include <cstdint>

namespace bpls {

/// Floating-point operations of the BLAS and LAPACK calls made by this thread, as LAPACK Working Note 41 counts
/// them (multiplications and additions). Element-wise work (activations, residuals) is not counted.
inline thread_local std::uint64_t counted_operations = 0;

inline void count_operations(std::int64_t operations) { counted_operations += static_cast<std::uint64_t>(operations); }

}  // namespace bpls
