// SPDX-License-Identifier: Apache-2.0
#pragma once
// Kimi Delta Attention's recurrence (Kimi Team 2025, https://arxiv.org/abs/2510.26692), for every
// head:
//
//   S'_t = S_{t-1} diag(w_t),   S_t = S'_t + b_t (v_t - S'_t k_t) k_t^T,   y_t = S_t r_t
//
//   radlads::recurrence::scan_forward<radlads::recurrence::kda, float>(backend, {r, w, k, b}, v, y,
//   {}, {}, {});
//
// r, w and k are (B, T, H, K), w as its logarithm, b a scalar for each token and head, (B, T, H,
// 1); v and y (B, T, H, V).

#include "radlads/core/backend.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/recurrence/kda.hpp"
#include "radlads/recurrence/scan.hpp"
#include "radlads/recurrence/varlen.hpp"
#include "radlads/scalar_functions/softplus_rate.hpp"

#if defined(__CUDACC__)
#include "radlads/recurrence/cuda/recurrence.cuh"
#else
#include "radlads/recurrence/cpu/scan.hpp"
#if defined(RADLADS_CUDA)
#include "radlads/recurrence/cuda/declarations.cuh"
#endif
#endif
