// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gated linear attention (Yang et al. 2024, https://arxiv.org/abs/2312.06635), for every head:
//
//   S_t = S_{t-1} diag(w_t) + v_t k_t^T,   y_t = S_t r_t
//
// Retention is the case of a constant w, linear attention that of w = 1. A scale of the query
// belongs to the caller (examples/01_recurrence.cpp):
//
//   radlads::recurrence::scan_forward<radlads::recurrence::gla, float>(backend, {r, log_w, k}, v,
//   y, {}, {}, {});
//
// Inputs are (B, T, H, K), the decay as its natural logarithm; v and y (B, T, H, V). An input may
// be shared by all tokens through a stride of zero (examples/retention_mixer.hpp).

#include "radlads/core/backend.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/recurrence/gla.hpp"
#include "radlads/recurrence/scan.hpp"
#include "radlads/recurrence/varlen.hpp"
#include "radlads/scalar_functions/sigmoid_root.hpp"

#if defined(__CUDACC__)
#include "radlads/recurrence/cuda/recurrence.cuh"
#else
#include "radlads/recurrence/cpu/scan.hpp"
#if defined(RADLADS_CUDA)
#include "radlads/recurrence/cuda/declarations.cuh"
#endif
#endif
