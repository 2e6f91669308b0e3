#pragma once

#include <cstdint>
#include <functional>

namespace bpls {

/// Threads of this thread's parallel_for and of OpenBLAS (process-wide there). Set by the lane before each call.
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
/// One caller at a time (the lane); body must not throw.
void parallel_for(std::int64_t count, std::int64_t grain, const std::function<void(std::int64_t, std::int64_t)>& body);

}  // namespace bpls
