// SPDX-License-Identifier: Apache-2.0
#pragma once
// Public header of files of models and of training.
//
//   models::config config = io::read_config("model");        // config.json
//   model.build(backend, config);
//   auto unread = io::read_parameters(backend, "model", model.weights);
//   io::save_model(backend, config, model.weights, "model", "student");
//
// A training run continues from save_checkpoint() and load_checkpoint(), bit for bit.

#include "radlads/files/atomic.hpp"
#include "radlads/files/json.hpp"
#include "radlads/files/mapped.hpp"
#include "radlads/io/checkpoint.hpp"
#include "radlads/io/huggingface.hpp"
#include "radlads/io/metrics.hpp"
#include "radlads/io/safetensors.hpp"

#if defined(__CUDACC__)
#include "radlads/cuda.cuh"
#endif
