#include "parallel.h"

#include <cblas.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace bpls {
namespace {

using Body = std::function<void(int, std::int64_t, std::int64_t)>;

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

/// True once `ready` is; false after a while. Calls follow each other closely, and a sleeping thread is slow to wake.
template <typename Ready>
bool spin_until(const Ready& ready) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::microseconds(200);
  do {
    for (int i = 0; i < 64; ++i) {
      if (ready()) return true;
      pause();
    }
  } while (std::chrono::steady_clock::now() < give_up);
  return ready();
}

/// Workers that spin for a moment between calls and then sleep. Never destroyed: the process may end while one waits.
class Pool {
 public:
  void run(int parts, std::int64_t count, const Body& body) {
    remaining_.store(parts - 1);
    body_ = &body;
    count_ = count;
    {
      const std::lock_guard lock(mutex_);
      while (workers_ < parts - 1) std::thread(&Pool::work, this, ++workers_, call_.load()).detach();
      call_.store(((call_.load() >> part_bits) + 1) << part_bits | static_cast<std::uint64_t>(parts));
    }
    if (sleepers_.load() > 0) wake_.notify_all();
    run_part(body, 0, parts, count);
    while (remaining_.load() > 0)
      if (!spin_until([this] { return remaining_.load() == 0; })) std::this_thread::yield();
  }

 private:
  static constexpr int part_bits = 16;

  static void run_part(const Body& body, int part, int parts, std::int64_t count) {
    body(part, count * part / parts, count * (part + 1) / parts);
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
      // A worker without a part may come late and find a later call; one with a part is waited for.
      const int parts = static_cast<int>(seen & ((1 << part_bits) - 1));
      if (part >= parts) continue;
      run_part(*body_, part, parts, count_);
      remaining_.fetch_sub(1);
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  const Body* body_ = nullptr;
  std::int64_t count_ = 0;
  int workers_ = 0;
  std::atomic<int> remaining_ = 0, sleepers_ = 0;
  /// Number of the call, and in its last bits the number of its parts.
  std::atomic<std::uint64_t> call_ = 0;
};

Pool& pool() {
  static Pool* instance = new Pool;
  return *instance;
}

thread_local int current_threads = 1;

}  // namespace

void set_threads(int threads) {
  current_threads = threads;
  if (openblas_get_num_threads() != 1) openblas_set_num_threads(1);
}

BlasThreads::BlasThreads() {
  if (current_threads > 1) openblas_set_num_threads(current_threads);
}

BlasThreads::~BlasThreads() {
  if (current_threads > 1) openblas_set_num_threads(1);
}

SingleThread::SingleThread() : before_(current_threads) { current_threads = 1; }
SingleThread::~SingleThread() { current_threads = before_; }

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

}  // namespace bpls
