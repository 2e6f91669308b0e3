#include "targets.h"

#include <algorithm>

#include "narrow.h"
#include "normal_equations.h"
#include "parallel.h"

namespace bpls {
namespace {

constexpr std::int64_t row_grain = 256;

template <typename T>
bool is_misclassified(const Targets<T>& targets, std::int64_t row, const T* z, std::int64_t outputs) {
  return targets.labels && std::max_element(z, z + outputs) - z != targets.labels[row];
}

/// Calls visit(k, wanted) for each output of one sample.
template <typename T, typename Visit>
void for_each_wanted(const Targets<T>& targets, std::int64_t row, bool misclassified, const T* z, std::int64_t outputs,
                     const Visit& visit) {
  if (targets.samples == Demand::misclassified && targets.labels && !misclassified) {
    for (std::int64_t k = 0; k < outputs; ++k) visit(k, z[k]);
  } else if (targets.values) {
    for (std::int64_t k = 0; k < outputs; ++k) visit(k, targets.values[row * outputs + k]);
  } else if (targets.samples == Demand::margin) {
    const std::int32_t label = targets.labels[row];
    for (std::int64_t k = 0; k < outputs; ++k)
      visit(k, k == label ? std::max(z[k], targets.positive) : std::min(z[k], targets.negative));
  } else {
    const std::int32_t label = targets.labels[row];
    for (std::int64_t k = 0; k < outputs; ++k) visit(k, k == label ? targets.positive : targets.negative);
  }
}

}  // namespace

template <typename T>
void want(const Targets<T>& targets, const Rows& rows, std::int64_t outputs, T* z) {
  parallel_for(rows.count, row_grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      T* row = z + i * outputs;
      const bool wrong = is_misclassified(targets, rows[i], row, outputs);
      for_each_wanted(targets, rows[i], wrong, row, outputs, [row](std::int64_t k, T wanted) { row[k] = wanted; });
    }
  });
}

template <typename T>
Residuals<T> residuals(const Layer<T>& output, const T* h, const Rows& rows, const Targets<T>& targets,
                       const T* weights, T* rhs, std::uint8_t* marks, T* share, Scratch& scratch) {
  const std::int64_t count = rows.count, n = output.inputs, outputs = output.units;
  const T* bias = output.bias();
  T* r = scratch.take<T>(count * outputs);
  double* squares = scratch.take<double>(count);
  std::uint8_t* mark = scratch.take<std::uint8_t>(count);
  const auto revise = [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      T* row = r + i * outputs;
      for (std::int64_t k = 0; k < outputs; ++k) row[k] += bias[k];
      const bool wrong = is_misclassified(targets, rows[i], row, outputs);
      if (weights && weights[i] == T(0)) {  // Its square may be infinite, and that times 0 is no number.
        std::fill_n(row, outputs, T(0));
        squares[i] = 0;
        mark[i] = wrong ? misclassified_mark : 0;
        continue;
      }
      double sum = 0;
      bool active = false;
      for_each_wanted(targets, rows[i], wrong, row, outputs, [&](std::int64_t k, T wanted) {
        const T residual = wanted - row[k];
        row[k] = targets.bounds ? std::clamp(residual, -targets.bounds[k], targets.bounds[k]) : residual;
        // r² within the bounds, and its tangent c(2r - c) beyond them.
        sum += static_cast<double>(row[k]) * (2 * static_cast<double>(residual) - static_cast<double>(row[k]));
        if (weights) row[k] *= weights[i];
        active |= row[k] != T(0);
      });
      squares[i] = weights ? static_cast<double>(weights[i]) * sum : sum;
      mark[i] = static_cast<std::uint8_t>((active ? active_mark : 0) | (wrong ? misclassified_mark : 0));
    }
  };
  if (outputs <= narrow_columns) {
    revise_narrow(h, output.weights, count, n, outputs, revise, r, rhs, scratch);
    if (rhs) sum_columns(r, count, outputs, rhs + n * outputs, scratch);
  } else {
    multiply(h, output.weights, count, n, outputs, r, scratch);
    parallel_for(count, row_grain, revise);
    if (rhs) accumulate_rhs(h, r, count, n, outputs, rhs, scratch);
  }
  // Summed in row order, whatever the number of threads.
  Tally tally;
  for (std::int64_t i = 0; i < count; ++i) {
    tally.squares += squares[i];
    if (mark[i] & active_mark) {
      ++tally.active;
      tally.weight += weights ? static_cast<double>(weights[i]) : 1.0;
    }
    tally.misclassified += (mark[i] & misclassified_mark) != 0;
    if (marks) marks[rows[i]] = mark[i];
  }
  if (share)
    for (std::int64_t k = 0; k < outputs; ++k) {
      double sum = 0;  // A count in single precision ends at 2²⁴.
      for (std::int64_t i = 0; i < count; ++i)
        if (r[i * outputs + k] != T(0)) sum += weights ? static_cast<double>(weights[i]) : 1.0;
      share[k] += static_cast<T>(sum);
    }
  return {r, tally};
}

template <typename T>
const T* weights_of(const Targets<T>& targets, const Rows& rows, Scratch& scratch) {
  if (!targets.weights) return nullptr;
  T* weights = scratch.take<T>(rows.count);
  for (std::int64_t i = 0; i < rows.count; ++i) weights[i] = targets.weights[rows[i]];
  return weights;
}

#define BPLS_INSTANTIATE(T)                                                                                \
  template const T* weights_of(const Targets<T>&, const Rows&, Scratch&);                                  \
  template void want(const Targets<T>&, const Rows&, std::int64_t, T*);                                    \
  template Residuals<T> residuals(const Layer<T>&, const T*, const Rows&, const Targets<T>&, const T*, T*, \
                                  std::uint8_t*, T*, Scratch&);
BPLS_INSTANTIATE(double)
BPLS_INSTANTIATE(float)
#undef BPLS_INSTANTIATE

}  // namespace bpls
