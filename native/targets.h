#pragma once

#include "network.h"
#include "scratch.h"

namespace bpls {

/// Which samples ask for change (option `samples`).
/// all: every output is wanted at its target. misclassified: only those of samples whose largest output is not
/// their class; the others keep their present outputs. margin: one-sided, an output beyond its target keeps its value.
enum class Demand : std::int32_t { all, misclassified, margin };

/// Wanted pre-activations of the output layer: `values` (S×K), or from the class of each sample `positive` for its
/// own output and `negative` for the others. Both arrays that follow may be null: `weights` (S) of the samples, and
/// `bounds` (K), beyond which an output's residual counts linearly (Huber's loss) instead of by its square.
template <typename T>
struct Targets {
  const T* values = nullptr;
  const std::int32_t* labels = nullptr;
  const T* weights = nullptr;
  const T* bounds = nullptr;
  T positive = 1, negative = -1;
  Demand samples = Demand::all;
};

/// Bits of a sample's mark.
enum Mark : std::uint8_t { active_mark = 1, misclassified_mark = 2 };

struct Tally {
  double squares = 0;              ///< sum of squared residuals, weighted; of twice Huber's loss where there are bounds
  std::int64_t active = 0;         ///< samples with a residual
  double weight = 0;               ///< of those samples, in sum
  std::int64_t misclassified = 0;  ///< samples whose largest output is not their class
};

/// Z (rows×K) becomes T*: what each sample wants its pre-activations to be, itself where it asks for nothing.
template <typename T>
void want(const Targets<T>& targets, const Rows& rows, std::int64_t outputs, T* z);

/// The residuals of one batch, and what they add up to.
template <typename T>
struct Residuals {
  T* values;  ///< R = T* - Z (rows×K), in scratch
  Tally tally;
};

/// R = s ∘ clip(T* - [H, 1] W) of the output layer, for the values H of the layer below, weights s of the batch's rows
/// (null where all are 1) and bounds to clip to. `rhs` ((n+1)×K) += [H, 1]ᵀR, `marks` (S) gets the bits of each row,
/// `share` (K) adds up the weights of the samples with a residual in each output; all three may be null.
template <typename T>
Residuals<T> residuals(const Layer<T>& output, const T* h, const Rows& rows, const Targets<T>& targets,
                       const T* weights, T* rhs, std::uint8_t* marks, T* share, Scratch& scratch);

/// Weights of the rows of a batch, in scratch; null where all are 1.
template <typename T>
const T* weights_of(const Targets<T>& targets, const Rows& rows, Scratch& scratch);

}  // namespace bpls
