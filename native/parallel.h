#pragma once

#include <cstdint>
#include <functional>

namespace bpls {

/// Threads of this thread's parallel_for. Set by the lane before each call. OpenBLAS itself is left with one, for good:
/// before every fork, which child_process.spawn is, it ends its own threads, and one that forks while another thread
/// waits for them waits for ever (0.3.21; test/hard/event-loop.hard.ts).
void set_threads(int threads);

/// While it lives, this thread's parallel_for runs everything here.
class SingleThread {
 public:
  SingleThread();
  ~SingleThread();
  SingleThread(const SingleThread&) = delete;
  SingleThread& operator=(const SingleThread&) = delete;

 private:
  int before_;
};

/// Run body(begin, end) over [0, count) in equal contiguous parts, one a thread, fewer when a part would be smaller
/// than `grain`. Parts depend on count, grain and the thread count only, so results are reproducible.
/// One caller at a time (the lane); body must not throw, but this throws bad_alloc where OpenBLAS would have no memory.
void parallel_for(std::int64_t count, std::int64_t grain, const std::function<void(std::int64_t, std::int64_t)>& body);

/// The same with the number of the part, for bodies that need memory of their own.
void parallel_parts(std::int64_t count, std::int64_t grain,
                    const std::function<void(int, std::int64_t, std::int64_t)>& body);

/// How many parts that makes.
int parts_of(std::int64_t count, std::int64_t grain);

}  // namespace bpls
