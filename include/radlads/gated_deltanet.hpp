// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gated DeltaNet's recurrence (Yang et al. 2025, https://arxiv.org/abs/2412.06464), for every head:
//
//   S'_t = exp(g_t) S_{t-1},   S_t = S'_t + b_t (v_t - S'_t k_t) k_t^T,   y_t = S_t r_t
//
//   radlads::recurrence::scan_forward<radlads::recurrence::gated_deltanet, float>(backend, {r, k,
//   g, b}, v, y,
//   {}, {}, {});
//
// r and k are (B, T, H, K), g and b a scalar for each token and head, (B, T, H, 1); v and y (B, T,
// H, V).

#include "radlads/core/backend.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/recurrence/gated_deltanet.hpp"
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
