#pragma once

#include <new>
#include <utility>

#include "arguments.h"
#include "lane.h"

namespace bpls::addon {

/// What `call` returns; memory that it did not get has a code of its own.
template <typename Call>
auto or_out_of_memory(Napi::Env env, const Call& call) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    throw out_of_memory(env);
  }
}

/// Each raw function comes in two precisions; the typed array named `decides` says which.
template <typename MakeDouble, typename MakeFloat>
Napi::Value enqueue_typed(const Napi::CallbackInfo& info, const char* decides, MakeDouble make_double,
                          MakeFloat make_float) {
  return or_out_of_memory(info.Env(), [&]() -> Napi::Value {
    Arguments args(info);
    const int threads = args.threads();
    const std::int64_t ticket = args.ticket();
    Work work = args.is_float32(decides) ? make_float(args) : make_double(args);
    args.verify();
    const auto keeping = [work = std::move(work), copies = args.copies()](Scratch& scratch) { return work(scratch); };
    return enqueue(args.env(), keeping, threads, ticket, args.kept());
  });
}

/// Define NAME, a raw function, from the template NAME##_work(Arguments&) -> Work.
#define BPLS_RAW(name, decides)                                                   \
  Napi::Value name(const Napi::CallbackInfo& info) {                              \
    return enqueue_typed(info, decides, name##_work<double>, name##_work<float>); \
  }

void export_sweeps(Napi::Env env, Napi::Object exports);
void export_solvers(Napi::Env env, Napi::Object exports);

}  // namespace bpls::addon
