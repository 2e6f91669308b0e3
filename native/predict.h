#pragma once

#include "network.h"
#include "scratch.h"

namespace bpls {

/// Outputs (rows×K) of every layer in turn, on the calling thread alone and without BLAS, so that a prediction of a
/// few rows neither waits for nor disturbs a training that runs in the same process. Rows go through a few at a time;
/// what was taken of the scratch memory before is forgotten.
template <typename T>
void predict_here(const Network<T>& network, const Samples<T>& samples, T* outputs, Scratch& scratch);

}  // namespace bpls
