// SPDX-License-Identifier: Apache-2.0
#pragma once
// Decoders over a list of mixers, one name a layer (examples/04_hybrid.cpp):
//
//   using cpu = radlads::cpu_backend;
//   using hybrid = radlads::models::language_model<float, cpu, radlads::layers::attention_mixer,
//                                                 radlads::layers::rad_rwkv7_mixer>;
//   hybrid model;
//   model.build(b, description);               // description.mixers = {"rad_rwkv7", "attention"}
//   model.initialise(b, 1337);
//   hybrid::saved saved;
//   model.forward(b, ids, nullptr, saved);     // saved.normed (N, C) is the head's input
//   model.logits(b, saved, logits);
//
// The mixers come from their own headers, rad_rwkv7.hpp and the others; one of your own is a peer
// of ours (examples/03_custom_mixer.cpp). The losses take saved.normed and the head, and give back
// what backward starts from.

#include "radlads/core/backend.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/models/block.hpp"
#include "radlads/models/config.hpp"
#include "radlads/models/language_model.hpp"
#include "radlads/models/stack.hpp"
#include "radlads/ops/cross_entropy.hpp"
#include "radlads/ops/kl_divergence.hpp"

#if defined(__CUDACC__)
#include "radlads/cuda.cuh"
#else
#include "radlads/cpu.hpp"
#endif
