// SPDX-License-Identifier: Apache-2.0
#pragma once
// Public header: the stateless functions on views of which layers and losses are made, each with
// its gradient, on every backend: products of matrices, norms, rotary positions, softmax attention,
// embeddings, losses on logits, sampling.
//
//   radlads::ops::linear<float>(b, weight, {}, x, y);  // y (N, O) = x (N, I) weight (O, I)^T

#include "radlads/ops/attention.hpp"
#include "radlads/ops/convert.hpp"
#include "radlads/ops/cross_entropy.hpp"
#include "radlads/ops/embedding.hpp"
#include "radlads/ops/kl_divergence.hpp"
#include "radlads/ops/l2norm_map.hpp"
#include "radlads/ops/logit_slice.hpp"
#include "radlads/ops/map.hpp"
#include "radlads/ops/matmul.hpp"
#include "radlads/ops/norm.hpp"
#include "radlads/ops/normalize.hpp"
#include "radlads/ops/repeat_heads.hpp"
#include "radlads/ops/rope.hpp"
#include "radlads/ops/rope_scaling.hpp"
#include "radlads/ops/sample.hpp"
#include "radlads/ops/sampling_options.hpp"
#include "radlads/ops/sampling_weight.hpp"
#include "radlads/ops/squared_error.hpp"
#include "radlads/ops/sum_rows.hpp"
#include "radlads/ops/token_shift.hpp"

#if defined(__CUDACC__)
#include "radlads/cuda.cuh"
#else
#include "radlads/cpu.hpp"
#endif
