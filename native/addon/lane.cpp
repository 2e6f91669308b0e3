#include "lane.h"

#include <dlfcn.h>
#if defined(__linux__)
#include <sys/resource.h>
#endif

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>

#include "operations.h"
#include "parallel.h"
#include "spin.h"

namespace bpls::addon {
namespace {

struct Job;
struct Realm;

void settle(Napi::Env env, Napi::Function, Realm* realm, Job* job);
using Completion = Napi::TypedThreadSafeFunction<Realm, Job, settle>;

/// One JavaScript thread (the main one or a worker) and its way back.
struct Realm {
  Completion completion;
  int pending = 0;  // touched on the JavaScript thread only
};

struct Job {
  Job(Napi::Env env, Realm* owner, Work to_do, int thread_count, std::int64_t number, Napi::Object kept)
      : realm(owner),
        work(std::move(to_do)),
        threads(thread_count),
        ticket(number),
        deferred(Napi::Promise::Deferred::New(env)),
        keep(Napi::Persistent(kept)) {}

  Realm* realm;
  Work work;
  int threads;
  std::int64_t ticket;
  Napi::Promise::Deferred deferred;
  Napi::ObjectReference keep;
  Outcome outcome;
  const char* error_code = nullptr;
  /// Of fixed size: where there is no memory, none is asked for.
  std::array<char, 256> error_message{};
};

constexpr const char* refused_memory = "OUT_OF_MEMORY";

/// Whatever setters or read-only properties a prototype has.
void define(Napi::Object object, const char* name, const Napi::Value& value) {
  object.DefineProperty(Napi::PropertyDescriptor::Value(name, value, napi_default_jsproperty));
}

Napi::Error failure(Napi::Env env, const char* code, const char* message) {
  const Napi::Error error = Napi::Error::New(env, message);
  define(error.Value(), "code", Napi::String::New(env, code));
  return error;
}

void run(Job& job, Scratch& scratch) {
  const auto start = std::chrono::steady_clock::now();
  counted_operations = 0;
  try {
    scratch.reset();
    set_threads(job.threads);
    job.outcome = job.work(scratch);
    job.outcome.emplace_back("operations", static_cast<double>(counted_operations));
    job.outcome.emplace_back("seconds",
                             std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  } catch (const std::bad_alloc&) {
    scratch.release();
    job.error_code = refused_memory;
  } catch (const std::exception& error) {
    job.error_code = "ADDON";
    std::strncpy(job.error_message.data(), error.what(), job.error_message.size() - 1);
  }
}

class Lane {
 public:
  /// Never destroyed: its thread outlives every JavaScript thread. Throws where the system has no thread for it.
  static Lane& instance() {
    static Lane* lane = new Lane;
    return *lane;
  }

  /// Null where nothing was ever queued.
  static Lane* made() { return made_.load(); }

  void submit(std::unique_ptr<Job> job) {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(job));
    called_.store(true);
    wake_.notify_one();
  }

  /// Takes a job out of the queue; null where it has begun, or there is none of that ticket.
  std::unique_ptr<Job> withdraw(const Realm* realm, std::int64_t ticket) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(queue_.begin(), queue_.end(), [=](const std::unique_ptr<Job>& job) {
      return ticket != 0 && job->realm == realm && job->ticket == ticket;
    });
    if (found == queue_.end()) return nullptr;
    std::unique_ptr<Job> job = std::move(*found);
    queue_.erase(found);
    return job;
  }

  /// A JavaScript thread ends: its waiting jobs are dropped, and the running one is waited for, because the memory
  /// that it works on goes with the thread.
  void leave(Realm* realm) {
    std::unique_lock lock(mutex_);
    std::erase_if(queue_, [realm](const std::unique_ptr<Job>& job) { return job->realm == realm; });
    idle_.wait(lock, [=, this] { return running_ != realm; });
  }

 private:
  Lane() {
    stay_loaded();
    std::thread(&Lane::loop, this).detach();
    made_.store(this);
    // The process may exit in the middle of a call: let it end before OpenBLAS shuts its threads down.
    std::atexit([] { instance().stop(); });
  }

  /// Node unloads an addon when the last JavaScript thread that loaded it ends, a worker perhaps; the threads of the
  /// lane and of OpenBLAS would lose their code. One more reference, never given back, keeps it.
  static void stay_loaded() {
    Dl_info library;
    if (dladdr(reinterpret_cast<const void*>(&Lane::instance), &library) != 0)
      dlopen(library.dli_fname, RTLD_NOW | RTLD_NODELETE);
  }

  /// The arithmetic goes behind what has ordinary priority, the event loop above all, where cores are short; alone it
  /// runs as fast as ever. On Linux the priority is a thread's own, and the workers that this thread starts inherit it.
  static void stand_back() {
#if defined(__linux__)
    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + 5);
#endif
  }

  void stop() {
    std::unique_lock lock(mutex_);
    stopped_ = true;
    idle_.wait(lock, [this] { return running_ == nullptr; });
  }

  void loop() {
    stand_back();
    Scratch scratch;
    std::unique_lock lock(mutex_);
    for (;;) {
      const auto ready = [this] { return !queue_.empty() && !stopped_; };
      if (!ready()) {
        called_.store(false);
        lock.unlock();
        spin_until([this] { return called_.load(); });
        lock.lock();
      }
      // Scratch memory goes back to the system when no call follows soon.
      if (!wake_.wait_for(lock, std::chrono::milliseconds(200), ready)) {
        lock.unlock();  // Gigabytes take a while, and whoever submits must not wait.
        scratch.release();
        lock.lock();
        wake_.wait(lock, ready);
      }
      std::unique_ptr<Job> job = std::move(queue_.front());
      queue_.pop_front();
      running_ = job->realm;
      lock.unlock();
      run(*job, scratch);
      // Handed over before running_ is cleared, so that leave() finds the realm's completion in use or not at all.
      if (job->realm->completion.NonBlockingCall(job.get()) == napi_ok) (void)job.release();
      // A realm that is closing took no call: its references die with it and must not be touched from here.
      if (job) {
        job->keep.SuppressDestruct();
        job.reset();
      }
      lock.lock();
      running_ = nullptr;
      idle_.notify_all();
    }
  }

  static inline std::atomic<Lane*> made_ = nullptr;

  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::deque<std::unique_ptr<Job>> queue_;
  Realm* running_ = nullptr;
  bool stopped_ = false;
  /// For a look without the mutex: whether a job came since the queue was seen empty.
  std::atomic<bool> called_ = false;
};

/// Whether all arrays are still where they were when the call began. One that was transferred in the meantime may have
/// changed under the call, or been given back to the system.
bool in_place(const Napi::Array& arrays) {
  for (std::uint32_t i = 0; i < arrays.Length(); ++i) {
    const Napi::Value value = arrays.Get(i);
    if (value.As<Napi::TypedArray>().ArrayBuffer().IsDetached()) return false;
  }
  return true;
}

/// Runs on the JavaScript thread; env is null when that thread is ending.
void settle(Napi::Env env, Napi::Function, Realm* realm, Job* raw) {
  const std::unique_ptr<Job> job(raw);
  if (static_cast<napi_env>(env) == nullptr) {
    job->keep.SuppressDestruct();
    return;
  }
  const Napi::HandleScope scope(env);
  if (--realm->pending == 0) realm->completion.Unref(env);
  try {
    if (!in_place(job->keep.Value().As<Napi::Array>()))
      throw failure(env, "UNSUPPORTED_BUFFER",
                    "Expected the arrays of this call to stay where they are but one was detached while it ran");
    if (job->error_code == refused_memory) throw out_of_memory(env);
    if (job->error_code) throw failure(env, job->error_code, job->error_message.data());
    const Napi::Object result = Napi::Object::New(env);
    for (const auto& [name, value] : job->outcome) define(result, name, Napi::Number::New(env, value));
    job->deferred.Resolve(result);
  } catch (const Napi::Error& error) {
    job->deferred.Reject(error.Value());
  }
}

}  // namespace

Napi::Error out_of_memory(Napi::Env env) {
  return failure(env, refused_memory, "Expected enough memory for this call but the system refused an allocation");
}

void open_lane(Napi::Env env) {
  auto realm = std::make_unique<Realm>();
  realm->completion = Completion::New(env, "bpls", 0, 1, realm.get());
  realm->completion.Unref(env);
  // Runs before the completion's own clean-up, which was registered earlier.
  env.AddCleanupHook(
      [](Realm* leaving) {
        if (Lane* lane = Lane::made()) lane->leave(leaving);
      },
      realm.get());
  env.SetInstanceData(realm.release());
}

Napi::Promise enqueue(Napi::Env env, Work work, int threads, std::int64_t ticket, Napi::Object keep) {
  auto* realm = env.GetInstanceData<Realm>();
  try {
    Lane& lane = Lane::instance();
    auto job = std::make_unique<Job>(env, realm, std::move(work), threads, ticket, keep);
    const Napi::Promise promise = job->deferred.Promise();
    lane.submit(std::move(job));
    // Not before: where that throws, the event loop must not be kept waiting for the job.
    if (realm->pending++ == 0) realm->completion.Ref(env);
    return promise;
  } catch (const std::system_error&) {
    throw failure(env, refused_memory,
                  "Expected a thread for this call but the system has no memory for one, or as many as it may have");
  }
}

void withdraw(Napi::Env env, std::int64_t ticket) {
  Lane* lane = Lane::made();
  auto* realm = env.GetInstanceData<Realm>();
  const std::unique_ptr<Job> job = lane ? lane->withdraw(realm, ticket) : nullptr;
  if (!job) return;
  if (--realm->pending == 0) realm->completion.Unref(env);
  job->deferred.Reject(failure(env, "WITHDRAWN", "The call was withdrawn before it began").Value());
}

}  // namespace bpls::addon
