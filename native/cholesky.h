#pragma once

#include <cstdint>

#include "dimension.h"

namespace bpls {

// Row-major lower triangles; column-major right-hand sides, shared out over the threads. OpenBLAS has a threaded dposv
// too, but nothing here may use OpenBLAS's own threads: see set_threads.

/// Solve A X = B by Cholesky, A (n×n) symmetric positive definite; A is left as its factor L, B as X. Returns 0, or the
/// order of the first leading minor that is not positive. n³/3 + n²/2 + n/6 operations for the factor and 2n² for every
/// right-hand side (LAWN 41).
template <typename T>
blas_int posv_shared(std::int64_t n, std::int64_t nrhs, T* a, T* b);

/// Solve A X = B with the factor that posv_shared left.
template <typename T>
void potrs_shared(std::int64_t n, std::int64_t nrhs, const T* a, T* b);

}  // namespace bpls
