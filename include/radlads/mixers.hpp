// SPDX-License-Identifier: Apache-2.0
#pragma once
// Public header: every mixer of the library, and what a class must have to be one (the concept
// mixer): softmax attention, RAD-RWKV6, RAD-RWKV7. docs/adding_a_mixer.md adds another.
//
//   radlads::models::language_model<float, cpu, radlads::layers::attention_mixer,
//                                   radlads::layers::rad_rwkv7_mixer> hybrid;

#include "radlads/layers/attention_mixer.hpp"
#include "radlads/layers/combinators.hpp"
#include "radlads/layers/concepts.hpp"
#include "radlads/layers/rad_rwkv6_mixer.hpp"
#include "radlads/layers/rad_rwkv7_mixer.hpp"

#if defined(__CUDACC__)
#include "radlads/cuda.cuh"
#else
#include "radlads/cpu.hpp"
#endif
