// SPDX-License-Identifier: Apache-2.0
#pragma once
// RAD-RWKV7, the student that softmax attention is converted to (Goldstein et al. 2025,
// https://arxiv.org/abs/2505.03005, appendix A.2): the teacher's q, k, v, o around RWKV-7's
// recurrence.
//
//   log w = -e^(-1/2) sigma(w0 + tanh(x w1) w2),  iclr = sigma(a0 + (x a1) a2),  g = sigma(x g1) g2
//   v = v' + (v_first - v') sigma(v0 + (x v1) v2),  kappa = k / |k|
//   S_t = S_{t-1} (diag(w) - kappa^T (iclr kappa)) + v^T (k (1 - w + iclr)),  y = (S_t r / sqrt(K))
//   g
//
// It is a mixer: name it in the list of a model's mixers (examples/04_hybrid.cpp).
//
//   radlads::models::language_model<float, cpu, radlads::layers::rad_rwkv7_mixer> model;

#include "radlads/layers/rad_rwkv7_mixer.hpp"

#if defined(__CUDACC__)
#include "radlads/cuda.cuh"
#else
#include "radlads/cpu.hpp"
#endif
