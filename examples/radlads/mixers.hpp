// SPDX-License-Identifier: Apache-2.0
#pragma once
// The mixers of the program's models: the teacher's, and those that a student may have. A mixer
// that is added here is a student everywhere.

#include "radlads/layers/attention_mixer.hpp"
#include "radlads/layers/rad_rwkv6_mixer.hpp"
#include "radlads/layers/rad_rwkv7_mixer.hpp"
#include "radlads/models/language_model.hpp"

namespace radlads::program {

template <class T, class B>
using model_of = models::language_model<T, B, layers::attention_mixer, layers::rad_rwkv6_mixer,
                                        layers::rad_rwkv7_mixer>;

}  // namespace radlads::program
