// SPDX-License-Identifier: Apache-2.0
#pragma once
// The recurrence of Mamba-2 (Dao and Gu 2024, https://arxiv.org/abs/2405.21060), for every head:
//
//   S_t = exp(g_t) S_{t-1} + v_t k_t^T,   y_t = S_t r_t
//
//   radlads::recurrence::scan_forward<radlads::recurrence::mamba2, float>(backend, {r, k, g}, v, y,
//   {}, {}, {});
//
// r and k are (B, T, H, K), g a scalar for each token and head, (B, T, H, 1); v and y (B, T, H, V).
// In the paper's names r is C, k is B, g is Delta A and v is Delta x. RetNet (Sun et al. 2023,
// https://arxiv.org/abs/2307.08621) has g = log(1 - 2^(-5 - h)) in head h for all tokens, which may
// be one row with a stride of zero.

#include "radlads/core/backend.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/recurrence/mamba2.hpp"
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
