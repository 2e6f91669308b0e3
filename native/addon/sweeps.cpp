// Raw functions that pass over rows: sweep, peel, predict, accumulate, contrast, warp, statistics.

#include "contrast.h"
#include "functions.h"
#include "normal_equations.h"
#include "peel.h"
#include "predict.h"
#include "statistics.h"
#include "sweep.h"
#include "tangent.h"
#include "warp.h"

namespace bpls::addon {
namespace {

/// The hidden layers, the output layer on top of them, the samples and the batch: what every sweep starts from.
template <typename T>
struct Pass {
  Samples<T> samples;
  Rows rows;
  Network<T> hidden;
  Layer<T> output;
  Cache<T> cache;

  explicit Pass(Arguments& args)
      : samples(args.samples<T>()),
        rows(args.rows(samples.rows)),
        hidden(args.network<T>("hidden", samples.cols)),
        output(args.layer<T>("output")) {
    if (output.inputs != (hidden.empty() ? samples.cols : hidden.back().units))
      args.fail("output", "a layer whose inputs are the units below");
    if (args.has("cache")) {
      cache.rows = args.size("cacheRows", samples.rows);
      if (rows.indices) {
        cache.slots = args.indices("slots", args.size("start"), rows.count, cache.rows);
      } else {
        cache.slot = args.size("slot", cache.rows);
        if (cache.slot + rows.count > cache.rows) args.fail("slot", "the first of as many as there are rows");
      }
      std::int64_t units = 0;
      for (const Layer<T>& layer : hidden) units += layer.units;
      cache.data = args.array<T>("cache", cache.rows * units);
    }
  }
};

template <typename T>
Targets<T> targets_of(Arguments& args, std::int64_t samples, std::int64_t outputs) {
  Targets<T> targets;
  targets.samples = static_cast<Demand>(args.size("demand", 2));
  if (args.has("targets")) {
    targets.values = args.array<T>("targets", samples * outputs);
    if (targets.samples == Demand::margin) args.fail("demand", "0 where targets are values");
  }
  if (args.has("labels")) {
    targets.labels = args.array<std::int32_t>("labels", samples);
    if (!targets.values) {
      targets.positive = static_cast<T>(args.number("positive"));
      targets.negative = static_cast<T>(args.number("negative"));
    }
  }
  if (!targets.values && !targets.labels) args.fail("labels", "given where targets are not");
  targets.weights = args.optional<T>("sampleWeights", samples);
  targets.bounds = args.optional<T>("residualBounds", outputs);
  return targets;
}

/// Labels of the batch's own rows are checked here, batch by batch.
void check_labels(const Arguments& args, const std::int32_t* labels, const Rows& rows, std::int64_t outputs) {
  for (std::int64_t i = 0; labels && i < rows.count; ++i)
    if (labels[rows[i]] < 0 || labels[rows[i]] >= outputs) args.fail("labels", "classes of the network's outputs");
}

template <typename T>
Work sweep_work(Arguments& args) {
  const Pass<T> pass(args);
  const bool cached = args.flag("cached"), targeted = args.has("demand");
  const std::int64_t outputs = pass.output.units;
  std::vector<std::int64_t> gram_sizes{(pass.samples.cols + 1) * (pass.samples.cols + 1)}, rhs_sizes, slope_sizes;
  for (const Layer<T>& layer : pass.hidden) {
    gram_sizes.push_back((layer.units + 1) * (layer.units + 1));
    rhs_sizes.push_back((layer.inputs + 1) * layer.units);
    slope_sizes.push_back(layer.units * layer.units);
  }
  Accumulators<T> into;
  into.grams = args.arrays<T>("grams", gram_sizes);
  into.triangle = args.optional<T>("triangle", gram_sizes.back());
  into.clear = args.flag("clear");
  if (args.has("previous")) {
    const std::int64_t size = (pass.output.inputs + 1) * outputs;
    into.step.previous = args.array<T>("previous", size);
    into.step.change = args.optional<T>("change", size);
    if (!into.step.change) {
      into.step.factor = args.array<T>("factor", gram_sizes.back());
      into.step.rhs = args.array<T>("rhs", size);
    }
    into.step.weights = const_cast<T*>(pass.output.weights);
    into.step.stride = static_cast<T>(args.number("stride"));
    into.step.ahead = static_cast<T>(args.number("ahead"));
  }
  Targets<T> targets;
  if (targeted) {
    targets = targets_of<T>(args, pass.samples.rows, outputs);
    check_labels(args, targets.labels, pass.rows, outputs);
    into.output_rhs = args.optional<T>("outputRhs", (pass.output.inputs + 1) * outputs);
    into.hidden_rhs = args.arrays<T>("hiddenRhs", rhs_sizes);
    into.slopes = args.arrays<T>("slopes", slope_sizes);
    if (into.hidden_rhs.size() != into.slopes.size()) args.fail("slopes", "given with hiddenRhs");
    for (std::size_t l = 0; l < into.hidden_rhs.size(); ++l)
      if (!into.hidden_rhs[l] || !into.slopes[l]) args.fail("hiddenRhs", "complete");
    into.marks = args.optional<std::uint8_t>("marks", pass.samples.rows);
    into.share = args.optional<T>("share", outputs);
  }
  return [=](Scratch& scratch) -> Outcome {
    const Tally tally = bpls::sweep(pass.hidden, pass.output, pass.samples, pass.rows, pass.cache, cached,
                                    targeted ? &targets : nullptr, into, scratch);
    return {{"squares", tally.squares},
            {"active", static_cast<double>(tally.active)},
            {"weight", tally.weight},
            {"misclassified", static_cast<double>(tally.misclassified)}};
  };
}

template <typename T>
Work tangent_work(Arguments& args) {
  const Pass<T> pass(args);
  const Targets<T> targets = targets_of<T>(args, pass.samples.rows, pass.output.units);
  check_labels(args, targets.labels, pass.rows, pass.output.units);
  if (pass.hidden.empty()) args.fail("hidden", "at least one layer");
  std::vector<std::int64_t> sizes;
  for (const Layer<T>& layer : pass.hidden) sizes.push_back((layer.inputs + 1) * layer.units);
  const std::int64_t output_size = (pass.output.inputs + 1) * pass.output.units;
  const std::vector<T*> output_rhs = args.arrays<T>("outputRhs", {output_size, output_size});
  const bool clear = args.flag("clear");
  std::vector<Direction<T>> directions;
  for (const char* name : {"change", "momentum"}) {
    const std::vector<T*> direction = args.arrays<T>(name, sizes);
    for (const T* weights : direction)
      if (!weights) args.fail(name, "complete");
    if (!direction.empty()) directions.emplace_back(direction.begin(), direction.end());
  }
  if (directions.empty() || output_rhs.empty() || !output_rhs[0] || !output_rhs[1])
    args.fail("outputRhs", "given with change");
  return [=](Scratch& scratch) -> Outcome {
    const TangentSums sums = bpls::tangent(pass.hidden, pass.output, directions, pass.samples, pass.rows, pass.cache,
                                           targets, output_rhs, clear, scratch);
    return {{"slope0", sums.slope[0]},
            {"slope1", sums.slope[1]},
            {"curvature00", sums.curvature[0][0]},
            {"curvature01", sums.curvature[0][1]},
            {"curvature11", sums.curvature[1][1]}};
  };
}

template <typename T>
Work peel_work(Arguments& args) {
  const Pass<T> pass(args);
  const Targets<T> targets = targets_of<T>(args, pass.samples.rows, pass.output.units);
  check_labels(args, targets.labels, pass.rows, pass.output.units);
  if (targets.weights || targets.bounds) args.fail("sampleWeights", "absent, like residualBounds");
  const auto rule = static_cast<Rule>(args.size("rule", 1));
  std::vector<SolvedLayer<T>> solved;
  std::size_t l = pass.hidden.size();
  for (const Napi::Value& value : args.list("solved", pass.hidden.size())) {
    const Layer<T> layer = args.layer<T>(value, "solved");
    const Layer<T>& now = l == pass.hidden.size() ? pass.output : pass.hidden[l];
    if (l == 0 || layer.inputs != now.inputs || layer.units != now.units)
      args.fail("solved", "the layers from the output down");
    solved.push_back({layer, args.of<T>(value, "pseudoInverse", layer.inputs * layer.units)});
    --l;
  }
  const Layer<T>& layer = l == pass.hidden.size() ? pass.output : pass.hidden[l];
  const std::int64_t p = layer.inputs + 1;
  PeeledLayer<T> into;
  into.gram = args.optional<T>("gram", p * p);
  into.rhs = args.optional<T>("rhs", p * layer.units);
  into.triangle = args.optional<T>("triangle", p * p);
  into.weights = args.optional<T>("weights", p * layer.units);
  into.clear = args.flag("clear");
  return [=](Scratch& scratch) -> Outcome {
    bpls::peel(pass.hidden, pass.output, solved, rule, pass.samples, pass.rows, pass.cache, targets, into, scratch);
    return {};
  };
}

template <typename T>
Work predict_work(Arguments& args) {
  const Samples<T> samples = args.samples<T>();
  const Rows rows = args.rows(samples.rows);
  const Network<T> network = args.network<T>("layers", samples.cols);
  if (network.empty()) args.fail("layers", "at least one layer");
  const std::int64_t outputs = network.back().units;
  const std::int64_t start = args.size("start");
  T* out = args.array<T>("outputs", (start + rows.count) * outputs) + start * outputs;
  return [=](Scratch& scratch) -> Outcome {
    const Activations<T> values = forward(network, samples, rows, Cache<T>{}, scratch);
    std::copy_n(values[network.size()], rows.count * outputs, out);
    return {};
  };
}

template <typename T>
void predict_now(Arguments& args) {
  const Samples<T> samples = args.samples<T>();
  const Network<T> network = args.network<T>("layers", samples.cols);
  if (network.empty()) args.fail("layers", "at least one layer");
  T* outputs = args.array<T>("outputs", samples.rows * network.back().units);
  args.verify();
  static thread_local Scratch scratch;
  try {
    predict_here(network, samples, outputs, scratch);
  } catch (const std::bad_alloc&) {
    scratch.release();
    throw;
  }
}

void predict_sync(const Napi::CallbackInfo& info) {
  or_out_of_memory(info.Env(), [&] {
    Arguments args(info);
    if (args.is_float32("inputs"))
      predict_now<float>(args);
    else
      predict_now<double>(args);
  });
}

/// gram += sign AᵀA and rhs += sign Aᵀ(B - A W), each where given.
template <typename T>
Work accumulate_work(Arguments& args) {
  const Samples<T> samples = args.samples<T>();
  const Rows rows = args.rows(samples.rows);
  const Intercept intercept = args.flag("intercept") ? Intercept::yes : Intercept::no;
  const std::int64_t n = samples.cols, p = n + args.flag("intercept"), m = args.positive("targetColumns");
  const T* targets = args.array<T>("targets", samples.rows * m);
  T* gram = args.optional<T>("gram", p * p);
  T* rhs = args.array<T>("rhs", p * m);
  const T* weights = args.optional<T>("weights", p * m);
  const T sign = args.number("sign") < 0 ? T(-1) : T(1);
  if (rows.indices) args.fail("indices", "absent");
  return [=](Scratch& scratch) -> Outcome {
    const T* a = load(samples, rows, scratch);
    const T* b = targets + rows.start * m;
    if (gram) accumulate_gram(a, rows.count, n, gram, scratch, intercept, sign);
    if (weights)
      accumulate_residual(a, b, weights, rows.count, n, m, rhs, scratch, intercept, sign);
    else
      accumulate_rhs(a, b, rows.count, n, m, rhs, scratch, intercept, sign);
    return {};
  };
}

template <typename T>
Work contrast_work(Arguments& args) {
  const Samples<T> samples = args.samples<T>();
  const Rows probe = args.rows(samples.rows);
  const std::int64_t units = args.positive("units"), total = args.positive("total"), first = args.size("first"),
                     candidates = args.positive("candidates");
  if (first + units > total) args.fail("first", "a column of the weights");
  const std::int32_t* pairs = args.indices("pairs", 0, units * candidates * 2, samples.rows);
  const T* masks = args.optional<T>("masks", units * samples.cols);
  T* weights = args.array<T>("weights", (samples.cols + 1) * total);
  return [=](Scratch& scratch) -> Outcome {
    contrast(samples, probe, pairs, candidates, masks, first, units, total, weights, scratch);
    return {};
  };
}

/// Rows start … start+count-1 of outputs := those of inputs, each through its own of the maps (count×6).
template <typename T>
Work warp_work(Arguments& args) {
  const ImageShape shape{args.positive("height"), args.positive("width"), args.positive("channels")};
  if (shape.height * shape.width > largest_dimension / shape.channels) args.fail("channels", "fewer");
  const std::int64_t start = args.size("start"), count = args.size("count"), end = start + count;
  const T* inputs = args.array<T>("inputs", end * shape.size()) + start * shape.size();
  const double* maps = args.array<double>("maps", count * map_size);
  T* outputs = args.array<T>("outputs", end * shape.size()) + start * shape.size();
  return [=](Scratch&) -> Outcome {
    warp(inputs, count, shape, maps, outputs);
    return {};
  };
}

template <typename T>
Work column_statistics_work(Arguments& args) {
  const std::int64_t rows = args.positive("samples"), cols = args.positive("columns");
  const T* x = args.array<T>("inputs", rows * cols);
  const T* weights = args.optional<T>("sampleWeights", rows);
  double* mean = args.array<double>("mean", cols);
  double* deviation = args.array<double>("deviation", cols);
  double* least = args.array<double>("least", cols);
  double* greatest = args.array<double>("greatest", cols);
  return [=](Scratch& scratch) -> Outcome {
    return {{"nonFinite", static_cast<double>(
                              column_statistics(x, weights, rows, cols, mean, deviation, least, greatest, scratch))}};
  };
}

template <typename T>
Work find_non_finite_work(Arguments& args) {
  const std::int64_t count = args.size("length", std::int64_t{1} << 40);
  const T* x = args.array<T>("values", count);
  return [=](Scratch&) -> Outcome { return {{"nonFinite", static_cast<double>(find_non_finite(x, count))}}; };
}

BPLS_RAW(sweep, "inputs")
BPLS_RAW(tangent, "inputs")
BPLS_RAW(peel, "inputs")
BPLS_RAW(predict, "inputs")
BPLS_RAW(accumulate, "inputs")
BPLS_RAW(contrast, "inputs")
BPLS_RAW(warp, "inputs")
BPLS_RAW(column_statistics, "inputs")
BPLS_RAW(find_non_finite, "values")

}  // namespace

void export_sweeps(Napi::Env env, Napi::Object exports) {
  exports.Set("sweep", Napi::Function::New<sweep>(env, "sweep"));
  exports.Set("tangent", Napi::Function::New<tangent>(env, "tangent"));
  exports.Set("peel", Napi::Function::New<peel>(env, "peel"));
  exports.Set("predict", Napi::Function::New<predict>(env, "predict"));
  exports.Set("predictSync", Napi::Function::New<predict_sync>(env, "predictSync"));
  exports.Set("accumulate", Napi::Function::New<accumulate>(env, "accumulate"));
  exports.Set("contrast", Napi::Function::New<contrast>(env, "contrast"));
  exports.Set("warp", Napi::Function::New<warp>(env, "warp"));
  exports.Set("columnStatistics", Napi::Function::New<column_statistics>(env, "columnStatistics"));
  exports.Set("findNonFinite", Napi::Function::New<find_non_finite>(env, "findNonFinite"));
}

}  // namespace bpls::addon
