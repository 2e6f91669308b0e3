#pragma once

#include <cstdint>

#include "dimension.h"

namespace bpls {

/// Factor A = L Lᵀ (n×n, row-major, lower triangle, in place) by blocks of columns, what is below and right of each
/// shared out over the threads. Returns 0, or the order of the first leading minor that is not positive. Counts
/// n³/3 + n²/2 + n/6 operations.
///
/// OpenBLAS has a threaded dpotrf too, but nothing here may use OpenBLAS's own threads: see set_threads.
template <typename T>
blas_int factor_shared(std::int64_t n, T* a);

}  // namespace bpls
