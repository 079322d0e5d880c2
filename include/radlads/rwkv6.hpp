// SPDX-License-Identifier: Apache-2.0
#pragma once
// RWKV-6's recurrence (Peng et al. 2024, https://arxiv.org/abs/2404.05892), for every head:
//
//   y_t = (S_{t-1} + v_t (u k_t)^T) r_t,   S_t = S_{t-1} diag(w_t) + v_t k_t^T
//
//   radlads::recurrence::scan_forward<radlads::recurrence::rwkv6, float>(backend, {r, log_w, k, u},
//   v, y, {}, {},
//   {});
//
// Inputs are (B, T, H, K), the decay as its natural logarithm; v and y (B, T, H, V). The bonus u is
// one row a head: a view with strides of zero for batch and time.

#include "radlads/core/backend.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/recurrence/rwkv6.hpp"
#include "radlads/recurrence/scan.hpp"
#include "radlads/recurrence/varlen.hpp"
#include "radlads/scalar_functions/exp_neg_exp.hpp"

#if defined(__CUDACC__)
#include "radlads/recurrence/cuda/recurrence.cuh"
#else
#include "radlads/recurrence/cpu/scan.hpp"
#if defined(RADLADS_CUDA)
#include "radlads/recurrence/cuda/declarations.cuh"
#endif
#endif
