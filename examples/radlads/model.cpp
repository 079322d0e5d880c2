// SPDX-License-Identifier: Apache-2.0
#include "model.hpp"

template class radlads::models::stack<
    float, radlads::cpu_backend, radlads::layers::attention_mixer, radlads::layers::rad_rwkv6_mixer,
    radlads::layers::rad_rwkv7_mixer>;
template struct radlads::models::language_model<
    float, radlads::cpu_backend, radlads::layers::attention_mixer, radlads::layers::rad_rwkv6_mixer,
    radlads::layers::rad_rwkv7_mixer>;
