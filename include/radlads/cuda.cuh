// SPDX-License-Identifier: Apache-2.0
#pragma once
// Every operation on CUDA, and the reader of GGUF tensors. The public headers of mixers, models and
// training include it where nvcc compiles them; it defines nothing itself.

#include "radlads/core/cuda/backend.cuh"
#include "radlads/io/cuda/gguf.cuh"
#include "radlads/ops/cuda/attention.cuh"
#include "radlads/ops/cuda/convert.cuh"
#include "radlads/ops/cuda/cross_entropy.cuh"
#include "radlads/ops/cuda/embedding.cuh"
#include "radlads/ops/cuda/kl_divergence.cuh"
#include "radlads/ops/cuda/l2norm_map.cuh"
#include "radlads/ops/cuda/map.cuh"
#include "radlads/ops/cuda/matmul.cuh"
#include "radlads/ops/cuda/norm.cuh"
#include "radlads/ops/cuda/normalize.cuh"
#include "radlads/ops/cuda/repeat_heads.cuh"
#include "radlads/ops/cuda/rope.cuh"
#include "radlads/ops/cuda/sample.cuh"
#include "radlads/ops/cuda/squared_error.cuh"
#include "radlads/ops/cuda/sum_rows.cuh"
#include "radlads/ops/cuda/token_shift.cuh"
#include "radlads/optim/cuda/adamw.cuh"
#include "radlads/recurrence/cuda/recurrence.cuh"
