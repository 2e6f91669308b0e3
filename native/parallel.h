#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>

namespace bpls {

/// Threads of this thread's parallel_for, one where it is not set. Set by the lane before each call; throws bad_alloc
/// where OpenBLAS would have no memory. OpenBLAS itself is left with one thread, for good: it ends its threads before
/// every fork, which child_process.spawn is, and a call that waits for them then waits for ever, and so does the fork
/// (0.3.21; test/hard/event-loop.hard.ts).
void set_threads(int threads);

/// Run body(begin, end) over [0, count) in equal contiguous parts, one a thread, fewer when a part would be smaller
/// than `grain`. Parts depend on count, grain and the thread count only, so results are reproducible.
/// One caller at a time (the lane); body must not throw.
void parallel_for(std::int64_t count, std::int64_t grain, const std::function<void(std::int64_t, std::int64_t)>& body);

/// The same with the number of the part, for bodies that need memory of their own.
void parallel_parts(std::int64_t count, std::int64_t grain,
                    const std::function<void(int, std::int64_t, std::int64_t)>& body);

/// Operations below which a part is not worth a thread.
constexpr std::int64_t least_operations = 1 << 20;

/// So many shares of equal area has a triangle.
constexpr std::int64_t area_shares = 1 << 16;

/// parallel_for over the n rows of a lower triangle, in parts of equal area: a rectangle left of a smaller triangle. A
/// part has `grain` shares at least.
void parallel_by_area(std::int64_t n, std::int64_t grain, const std::function<void(std::int64_t, std::int64_t)>& body);

/// Rows for each thread, at least, of so many numbers that are only touched: fewer take less time than a thread to
/// wake.
inline std::int64_t rows_to_touch(std::int64_t numbers) {
  constexpr std::int64_t least_numbers = 32768;
  return std::max<std::int64_t>(1, least_numbers / std::max<std::int64_t>(numbers, 1));
}

/// How many parts that makes.
int parts_of(std::int64_t count, std::int64_t grain);

}  // namespace bpls
