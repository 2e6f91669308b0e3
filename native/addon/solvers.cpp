// Raw functions on finished sums: the solves and what prepares them.

#include "blas.h"
#include "functions.h"
#include "least_squares.h"
#include "normal_equations.h"
#include "step.h"

namespace bpls::addon {
namespace {

template <typename T>
Work solve_cholesky_work(Arguments& args) {
  const std::int64_t n = args.positive("order"), m = args.positive("rightHandSides");
  const T* gram = args.array<T>("gram", n * n);
  const T* rhs = args.array<T>("rhs", n * m);
  T* factor = args.array<T>("factor", n * n);
  T* solution = args.array<T>("solution", n * m);
  const T ridge = static_cast<T>(args.number("ridge")), last_ridge = static_cast<T>(args.number("lastRidge"));
  const auto equilibrate = static_cast<Equilibrate>(args.flag("equilibrate"));
  return [=](Scratch& scratch) -> Outcome {
    const CholeskyOutcome outcome =
        bpls::solve_cholesky(gram, n, T(1), ridge, last_ridge, rhs, m, factor, solution, scratch, equilibrate);
    return {{"info", outcome.info}, {"rcond", outcome.rcond}};
  };
}

template <typename T>
Work solve_factored_work(Arguments& args) {
  const std::int64_t n = args.positive("order"), m = args.positive("rightHandSides");
  const T* factor = args.array<T>("factor", n * n);
  const T* rhs = args.array<T>("rhs", n * m);
  T* solution = args.array<T>("solution", n * m);
  return [=](Scratch& scratch) -> Outcome {
    bpls::solve_factored(factor, n, rhs, m, solution, scratch);
    return {};
  };
}

template <typename T>
Work solve_svd_work(Arguments& args) {
  const std::int64_t rows = args.positive("rows"), n = args.positive("columns"), m = args.positive("rightHandSides");
  const T* a = args.array<T>("a", rows * n);
  const T* b = args.array<T>("b", rows * m);
  T* x = args.array<T>("solution", n * m);
  const T cut = static_cast<T>(args.number("cut"));
  return [=](Scratch& scratch) -> Outcome {
    const SvdOutcome outcome = bpls::solve_svd(a, rows, n, b, m, cut, x, scratch);
    return {{"info", outcome.info}, {"rank", outcome.rank}, {"rcond", outcome.rcond}};
  };
}

template <typename T>
Work pseudo_inverse_work(Arguments& args) {
  const std::int64_t rows = args.positive("rows"), cols = args.positive("columns");
  const T* v = args.array<T>("a", rows * cols);
  T* p = args.array<T>("solution", rows * cols);
  return [=](Scratch& scratch) -> Outcome {
    const CholeskyOutcome outcome = bpls::pseudo_inverse(v, rows, cols, p, scratch);
    return {{"info", outcome.info}, {"rcond", outcome.rcond}};
  };
}

template <typename T>
Work multiply_work(Arguments& args) {
  const std::int64_t m = args.positive("rows"), k = args.positive("inner"), n = args.positive("columns");
  const bool transposed = args.flag("transposed");
  const T* a = args.array<T>("a", m * k);
  const T* b = args.array<T>("b", k * n);
  T* c = args.array<T>("solution", m * n);
  return [=](Scratch&) -> Outcome {
    gemm(transposed ? trans : no_trans, no_trans, m, n, k, T(1), a, transposed ? m : k, b, n, T(0), c, n);
    return {};
  };
}

template <typename T>
Work combine_work(Arguments& args) {
  const std::int64_t count = args.size("length", std::int64_t{1} << 40);
  const T* weights = args.array<T>("weights", count);
  const T* change = args.array<T>("change", count);
  const T alpha = static_cast<T>(args.number("alpha")), beta = static_cast<T>(args.number("beta"));
  T* moved = args.array<T>("moved", count);
  T* next = args.array<T>("next", count);
  return [=](Scratch&) -> Outcome {
    bpls::combine(weights, change, alpha, beta, count, moved, next);
    return {};
  };
}

template <typename T>
Work orthonormalise_work(Arguments& args) {
  const std::int64_t rows = args.positive("rows"), cols = args.positive("columns");
  T* q = args.array<T>("matrix", rows * cols);
  return [=](Scratch& scratch) -> Outcome {
    bpls::orthonormalise(q, rows, cols, scratch);
    return {};
  };
}

template <typename T>
Work curvature_work(Arguments& args) {
  const Network<T> hidden = args.network<T>("hidden", args.positive("columns"));
  const auto output = args.layer<T>("output");
  if (hidden.empty() || output.inputs != hidden.back().units) args.fail("output", "a layer on top of the hidden ones");
  std::vector<std::int64_t> sizes;
  for (const Layer<T>& layer : hidden) sizes.push_back(layer.units * layer.units);
  const std::vector<T*> slopes = args.arrays<T>("slopes", sizes);
  if (slopes.size() != sizes.size()) args.fail("slopes", "one for each hidden layer");
  for (const T* slope : slopes)
    if (!slope) args.fail("slopes", "one for each hidden layer");
  const T* share = args.array<T>("share", output.units);
  const std::int64_t samples = args.positive("samples");
  const double weight = args.number("weight");
  return [=](Scratch& scratch) -> Outcome {
    bpls::curvature(hidden, output, share, samples, weight, slopes, scratch);
    return {};
  };
}

template <typename T>
Work step_work(Arguments& args) {
  const std::int64_t n = args.positive("columns"), units = args.positive("units"), samples = args.positive("samples");
  const T* gram = args.array<T>("gram", (n + 1) * (n + 1));
  const T* curvature = args.array<T>("curvature", units * units);
  const T* rhs = args.array<T>("rhs", (n + 1) * units);
  const T* weights = args.array<T>("weights", (n + 1) * units);
  T* change = args.array<T>("change", (n + 1) * units);
  const T ridge = static_cast<T>(args.number("ridge")), damping = static_cast<T>(args.number("damping"));
  return [=](Scratch& scratch) -> Outcome {
    const StepOutcome outcome =
        two_sided_step(gram, n, curvature, units, rhs, weights, samples, ridge, damping, change, scratch);
    return {{"info", outcome.info}, {"rcond", outcome.rcond_gram}, {"rcondCurvature", outcome.rcond_slope}};
  };
}

BPLS_RAW(solve_cholesky, "gram")
BPLS_RAW(solve_factored, "factor")
BPLS_RAW(solve_svd, "a")
BPLS_RAW(pseudo_inverse, "a")
BPLS_RAW(multiply, "a")
BPLS_RAW(combine, "weights")
BPLS_RAW(orthonormalise, "matrix")
BPLS_RAW(curvature, "share")
BPLS_RAW(step, "gram")

}  // namespace

void export_solvers(Napi::Env env, Napi::Object exports) {
  exports.Set("solveCholesky", Napi::Function::New<solve_cholesky>(env, "solveCholesky"));
  exports.Set("solveFactored", Napi::Function::New<solve_factored>(env, "solveFactored"));
  exports.Set("solveSvd", Napi::Function::New<solve_svd>(env, "solveSvd"));
  exports.Set("pseudoInverse", Napi::Function::New<pseudo_inverse>(env, "pseudoInverse"));
  exports.Set("multiply", Napi::Function::New<multiply>(env, "multiply"));
  exports.Set("combine", Napi::Function::New<combine>(env, "combine"));
  exports.Set("orthonormalise", Napi::Function::New<orthonormalise>(env, "orthonormalise"));
  exports.Set("curvature", Napi::Function::New<curvature>(env, "curvature"));
  exports.Set("step", Napi::Function::New<step>(env, "step"));
}

}  // namespace bpls::addon
