#pragma once

#include <napi.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "scratch.h"

namespace bpls::addon {

/// What a call hands back to JavaScript: an object of numbers. The lane adds `operations` and `seconds`.
using Outcome = std::vector<std::pair<const char*, double>>;
using Work = std::function<Outcome(Scratch&)>;

/// Queues work on the one thread of this process that calls BLAS, whichever JavaScript thread it comes from, and
/// returns the promise of its outcome. The pool of threads takes one caller at a time: calls in turn are faster than
/// calls at once, and reproducible. `keep` stays referenced until then.
Napi::Promise enqueue(Napi::Env env, Work work, int threads, std::int64_t ticket, Napi::Object keep);

/// Rejects the call of that ticket, of this JavaScript thread, with the code WITHDRAWN, where it still waits its turn.
void withdraw(Napi::Env env, std::int64_t ticket);

/// The error of a call that the system refused memory.
Napi::Error out_of_memory(Napi::Env env);

/// Prepares this JavaScript thread for enqueue.
void open_lane(Napi::Env env);

}  // namespace bpls::addon
