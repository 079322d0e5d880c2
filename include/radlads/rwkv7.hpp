// SPDX-License-Identifier: Apache-2.0
#pragma once
// The recurrence of RWKV-7 (Peng et al. 2025, https://arxiv.org/abs/2503.14456), for every head:
//
//   S_t = S_{t-1} (diag(w_t) + a_t b_t^T) + v_t k_t^T,   y_t = S_t r_t
//
// With a = -k and b = k of length one, a token first takes away what its key held, then stores its
// own value (examples/01_recurrence.cpp):
//
//   using cell = radlads::recurrence::rwkv7;
//   radlads::recurrence::scan_forward<cell, float>(backend, {r, log_w, k, a, b}, v, y, {}, {}, {});
//   radlads::recurrence::scan_step<cell, float>(backend, {r, log_w, k, a, b}, v, y, state);
//
// Inputs are (B, T, H, K), the decay as its natural logarithm; v and y (B, T, H, V). scan_backward
// returns the gradients of all of them and of the initial state (examples/02_gradient.cpp).

#include "radlads/core/backend.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/recurrence/rwkv7.hpp"
#include "radlads/recurrence/scan.hpp"
#include "radlads/recurrence/varlen.hpp"
#include "radlads/scalar_functions/exp_neg_sigmoid.hpp"

#if defined(__CUDACC__)
#include "radlads/recurrence/cuda/recurrence.cuh"
#else
#include "radlads/recurrence/cpu/scan.hpp"
#if defined(RADLADS_CUDA)
#include "radlads/recurrence/cuda/declarations.cuh"
#endif
#endif
