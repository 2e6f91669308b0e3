#include <cblas.h>
#include <napi.h>

#include <atomic>
#include <cstdint>

#include "functions.h"
#include "lane.h"

namespace {

/// A number that no other call of this process has.
Napi::Value ticket(const Napi::CallbackInfo& info) {
  static std::atomic<std::int64_t> last = 0;
  return Napi::Number::New(info.Env(), static_cast<double>(++last));
}

void withdraw(const Napi::CallbackInfo& info) {
  const Napi::Value ticket = info[0];
  if (ticket.IsNumber()) bpls::addon::withdraw(info.Env(), ticket.As<Napi::Number>().Int64Value());
}

Napi::Value blas(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), openblas_get_config()); }

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  bpls::addon::open_lane(env);
  bpls::addon::export_sweeps(env, exports);
  bpls::addon::export_solvers(env, exports);
  exports.Set("ticket", Napi::Function::New<ticket>(env, "ticket"));
  exports.Set("withdraw", Napi::Function::New<withdraw>(env, "withdraw"));
  exports.Set("blas", Napi::Function::New<blas>(env, "blas"));
  return exports;
}

}  // namespace

NODE_API_MODULE(bpls, initialise)
