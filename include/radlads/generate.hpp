// SPDX-License-Identifier: Apache-2.0
#pragma once
// The public header of text generation from a model of radlads/model.hpp:
//
//   radlads::models::generator<hybrid> running(b, model);
//   running.take(prompt_ids);
//   const radlads::random_stream numbers{seed, 0};
//   for (std::uint64_t i = 0; i < 100; ++i) {
//     const std::int32_t id = running.choose({.temperature = 0.8, .top_p = 0.95}, numbers, i)[0];
//     running.take({&id, 1});
//   }

#include "radlads/core/backend.hpp"
#include "radlads/core/random.hpp"
#include "radlads/models/generator.hpp"
#include "radlads/ops/sample.hpp"

#if defined(__CUDACC__)
#include "radlads/cuda.cuh"
#else
#include "radlads/cpu.hpp"
#endif
