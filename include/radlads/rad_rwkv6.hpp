// SPDX-License-Identifier: Apache-2.0
#pragma once
// RAD-RWKV6, a student of softmax attention (Goldstein et al. 2025,
// https://arxiv.org/abs/2505.03005, appendix A.1): the teacher's q, k, v, o around gated linear
// attention with data-dependent token shift.
//
//   log w = max(-exp(d0 + tanh(x_w d1) d2), -5),  k~ = k (1 - w)
//   S_t = diag(w) S_{t-1} + k~^T v,  y = (r S_t / sqrt(K)) sigma(x_g Wg^T)
//
// It is a mixer: name it in the list of a model's mixers (examples/04_hybrid.cpp does so with
// others).
//
//   radlads::models::language_model<float, cpu, radlads::layers::rad_rwkv6_mixer> model;

#include "radlads/layers/rad_rwkv6_mixer.hpp"

#if defined(__CUDACC__)
#include "radlads/cuda.cuh"
#else
#include "radlads/cpu.hpp"
#endif
