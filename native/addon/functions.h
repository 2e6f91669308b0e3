#pragma once

#include "arguments.h"
#include "lane.h"

namespace bpls::addon {

/// Each raw function comes in two precisions; the typed array named `decides` says which.
template <typename MakeDouble, typename MakeFloat>
Napi::Value enqueue_typed(const Napi::CallbackInfo& info, const char* decides, MakeDouble make_double,
                          MakeFloat make_float) {
  Arguments args(info);
  const int threads = args.threads();
  Work work = args.is_float32(decides) ? make_float(args) : make_double(args);
  args.verify();
  return enqueue(args.env(), std::move(work), threads, args.kept());
}

/// Define NAME, a raw function, from the template NAME##_work(Arguments&) -> Work.
#define BPLS_RAW(name, decides)                                                   \
  Napi::Value name(const Napi::CallbackInfo& info) {                              \
    return enqueue_typed(info, decides, name##_work<double>, name##_work<float>); \
  }

void export_sweeps(Napi::Env env, Napi::Object exports);
void export_solvers(Napi::Env env, Napi::Object exports);

}  // namespace bpls::addon
