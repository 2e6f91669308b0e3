#include "parallel.h"

#include <cblas.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>

#include "spin.h"

// OpenBLAS's own, exported but in none of its headers.
extern "C" void* blas_memory_alloc(int position);
extern "C" void blas_memory_free(void* buffer);

namespace bpls {
namespace {

/// OpenBLAS has buffers for as many as it was built for, 128 at Debian, and ends badly where far more are inside of it.
constexpr int most_threads = 120;

/// Buffers that OpenBLAS has for the threads that are inside of it at once. Touched by the lane only.
int reserved_buffers = 0;
/// At least what one takes: 128 MiB and a page in 0.3.21, of addresses; only what is used becomes memory.
constexpr std::size_t buffer_bytes = 129 << 20;
/// What is left to others: V8 ends the process where its heap finds nothing, be it for a moment.
constexpr std::size_t spare_bytes = 64 << 20;

/// OpenBLAS takes a buffer for each thread that is inside of it, keeps it, and asks again for ever where the system
/// refuses one. So it gets them while it is known that they can be had. Returns for how many threads, `wanted` at most,
/// there are some.
int reserve_buffers(int wanted) {
  while (reserved_buffers < wanted) {
    void* volatile probe = std::malloc(buffer_bytes + spare_bytes);  // volatile, or the compiler leaves it out
    if (!probe) break;
    std::free(probe);
    void* buffers[most_threads];
    const int count = reserved_buffers + 1;
    for (int i = 0; i < count; ++i) buffers[i] = blas_memory_alloc(0);
    for (int i = 0; i < count; ++i) blas_memory_free(buffers[i]);
    reserved_buffers = count;
  }
  return std::min(reserved_buffers, wanted);
}

using Body = std::function<void(int, std::int64_t, std::int64_t)>;

/// Workers that spin for a moment between calls and then sleep. A part belongs to whoever claims it: its own worker, as
/// a rule, which has its rows in its cache; but one that sleeps, or has no core, is not waited for. Never destroyed:
/// the process may end while one waits.
class Pool {
 public:
  void run(int parts, std::int64_t count, const Body& body) {
    hire(reserve_buffers(parts) - 1);
    body_ = &body;
    count_ = count;
    parts_ = parts;
    remaining_.store(parts - 1);
    for (int part = 1; part < parts; ++part) open_[part].store(true);
    {
      const std::lock_guard lock(mutex_);
      call_.fetch_add(1);
    }
    if (sleepers_.load() > 0) wake_.notify_all();
    run_part(0);
    remaining_.fetch_sub(run_open_parts());
    while (remaining_.load() > 0)
      if (!spin_until([this] { return remaining_.load() == 0; })) std::this_thread::yield();
  }

 private:
  /// Sees to it that there are so many workers, if the system lets it.
  void hire(int wanted) {
    const std::lock_guard lock(mutex_);
    try {
      while (workers_ < wanted) {
        std::thread(&Pool::work, this, workers_ + 1, call_.load()).detach();
        ++workers_;
      }
    } catch (const std::system_error&) {
      // The process or the system has as many threads as it may.
    }
  }

  /// The parts decide the bits, whoever computes them.
  void run_part(int part) const { (*body_)(part, count_ * part / parts_, count_ * (part + 1) / parts_); }

  bool claim(int part) { return open_[part].load() && open_[part].exchange(false); }

  /// Those that nobody has claimed yet, by one who has one of this call, which is not over before it says so; how many.
  int run_open_parts() {
    int done = 0;
    for (int part = 1; part < parts_; ++part)
      if (claim(part)) {
        run_part(part);
        ++done;
      }
    return done;
  }

  void work(int part, std::uint64_t seen) {
    for (;;) {
      const auto called = [&] { return call_.load() != seen; };
      if (!spin_until(called)) {
        std::unique_lock lock(mutex_);
        sleepers_.fetch_add(1);
        wake_.wait(lock, called);
        sleepers_.fetch_sub(1);
      }
      seen = call_.load();
      // One that comes late may claim its part of a later call. It then has that call's body: a claim is after them.
      if (!claim(part)) continue;
      run_part(part);
      remaining_.fetch_sub(1 + run_open_parts());
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  int workers_ = 0;
  const Body* body_ = nullptr;
  std::int64_t count_ = 0;
  int parts_ = 0;
  /// Whether a part waits for someone.
  std::atomic<bool> open_[most_threads] = {};
  std::atomic<int> remaining_ = 0, sleepers_ = 0;
  /// Number of the call.
  std::atomic<std::uint64_t> call_ = 0;
};

Pool& pool() {
  static Pool* instance = new Pool;
  return *instance;
}

thread_local int current_threads = 1;

}  // namespace

void set_threads(int threads) {
  current_threads = std::min(threads, most_threads);
  if (reserve_buffers(1) == 0) throw std::bad_alloc();
  if (openblas_get_num_threads() != 1) openblas_set_num_threads(1);
}

int parts_of(std::int64_t count, std::int64_t grain) {
  return static_cast<int>(std::clamp<std::int64_t>(count / std::max<std::int64_t>(grain, 1), 1, current_threads));
}

void parallel_parts(std::int64_t count, std::int64_t grain, const Body& body) {
  if (count <= 0) return;
  const int parts = parts_of(count, grain);
  if (parts == 1)
    body(0, 0, count);
  else
    pool().run(parts, count, body);
}

void parallel_for(std::int64_t count, std::int64_t grain, const std::function<void(std::int64_t, std::int64_t)>& body) {
  parallel_parts(count, grain, [&body](int, std::int64_t begin, std::int64_t end) { body(begin, end); });
}

void parallel_by_area(std::int64_t n, std::int64_t grain, const std::function<void(std::int64_t, std::int64_t)>& body) {
  const auto row_of = [n](std::int64_t share) {
    const double part = static_cast<double>(share) / area_shares;
    return share == area_shares ? n : static_cast<std::int64_t>(static_cast<double>(n) * std::sqrt(part));
  };
  parallel_for(n > 0 ? area_shares : 0, grain, [&](std::int64_t first, std::int64_t last) {
    const std::int64_t begin = row_of(first), end = row_of(last);
    if (begin < end) body(begin, end);
  });
}

}  // namespace bpls
