#include "parallel.h"

#include <cblas.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace bpls {
namespace {

using Body = std::function<void(std::int64_t, std::int64_t)>;

/// Workers that sleep between calls. Never destroyed: the process may end while a worker waits.
class Pool {
 public:
  void run(int parts, std::int64_t count, const Body& body) {
    {
      std::unique_lock lock(mutex_);
      while (workers_ < parts - 1) std::thread(&Pool::work, this, ++workers_).detach();
      body_ = &body;
      count_ = count;
      parts_ = parts;
      remaining_ = parts - 1;
      ++generation_;
    }
    wake_.notify_all();
    run_part(body, 0, parts, count);
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return remaining_ == 0; });
  }

 private:
  static void run_part(const Body& body, int part, int parts, std::int64_t count) {
    body(count * part / parts, count * (part + 1) / parts);
  }

  void work(int part) {
    std::uint64_t seen = 0;
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return generation_ != seen; });
      seen = generation_;
      if (part >= parts_) continue;
      const Body& body = *body_;
      const int parts = parts_;
      const std::int64_t count = count_;
      lock.unlock();
      run_part(body, part, parts, count);
      lock.lock();
      if (--remaining_ == 0) done_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_, done_;
  const Body* body_ = nullptr;
  std::int64_t count_ = 0;
  int parts_ = 0, remaining_ = 0, workers_ = 0;
  std::uint64_t generation_ = 0;
};

Pool& pool() {
  static Pool* instance = new Pool;
  return *instance;
}

thread_local int current_threads = 1;

}  // namespace

void set_threads(int threads) {
  current_threads = threads;
  if (openblas_get_num_threads() != threads) openblas_set_num_threads(threads);
}

SingleThread::SingleThread() : before_(current_threads) { current_threads = 1; }
SingleThread::~SingleThread() { current_threads = before_; }

void parallel_for(std::int64_t count, std::int64_t grain, const Body& body) {
  if (count <= 0) return;
  const auto parts =
      static_cast<int>(std::clamp<std::int64_t>(count / std::max<std::int64_t>(grain, 1), 1, current_threads));
  if (parts == 1)
    body(0, count);
  else
    pool().run(parts, count, body);
}

}  // namespace bpls
