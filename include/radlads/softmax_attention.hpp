// SPDX-License-Identifier: Apache-2.0
#pragma once
// Causal softmax attention with grouped heads and rotary positions (Vaswani et al. 2017,
// https://arxiv.org/abs/1706.03762; Ainslie et al. 2023, https://arxiv.org/abs/2305.13245): the
// mixer of the teachers and of the layers that a hybrid keeps.
//
//   y = softmax(q k^T / sqrt(K)) v Wo^T, q and k rotated
//
// It is a mixer whose state is the key/value cache (examples/04_hybrid.cpp).
//
//   radlads::models::language_model<float, cpu, radlads::layers::attention_mixer> model;

#include "radlads/layers/attention_mixer.hpp"

#if defined(__CUDACC__)
#include "radlads/cuda.cuh"
#else
#include "radlads/cpu.hpp"
#endif
