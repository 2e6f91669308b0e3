#include <cblas.h>
#include <napi.h>

#include "functions.h"
#include "lane.h"

namespace {

Napi::Value blas(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), openblas_get_config()); }

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  bpls::addon::open_lane(env);
  bpls::addon::export_sweeps(env, exports);
  bpls::addon::export_solvers(env, exports);
  exports.Set("blas", Napi::Function::New<blas>(env, "blas"));
  return exports;
}

}  // namespace

NODE_API_MODULE(bpls, initialise)
