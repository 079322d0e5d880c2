// SPDX-License-Identifier: Apache-2.0
#pragma once
// The one model type of the program: float on the CPU, any layer softmax attention, RAD-RWKV6 or
// RAD-RWKV7. Teachers and students are both of it. It is instantiated in model.cpp alone, because that
// takes the compiler most of a minute.

#include "radlads/core/backend.hpp"
#include "radlads/layers/attention_mixer.hpp"
#include "radlads/layers/rad_rwkv6_mixer.hpp"
#include "radlads/layers/rad_rwkv7_mixer.hpp"
#include "radlads/models/language_model.hpp"

namespace radlads::program {

using backend_type = cpu_backend;
using model_type =
    models::language_model<float, backend_type, layers::attention_mixer, layers::rad_rwkv6_mixer,
                           layers::rad_rwkv7_mixer>;

}  // namespace radlads::program

extern template class radlads::models::stack<
    float, radlads::cpu_backend, radlads::layers::attention_mixer, radlads::layers::rad_rwkv6_mixer,
    radlads::layers::rad_rwkv7_mixer>;
extern template struct radlads::models::language_model<
    float, radlads::cpu_backend, radlads::layers::attention_mixer, radlads::layers::rad_rwkv6_mixer,
    radlads::layers::rad_rwkv7_mixer>;
