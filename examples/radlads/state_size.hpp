// SPDX-License-Identifier: Apache-2.0
#pragma once
// How much the states of a model's mixers take.

#include "radlads/models/config.hpp"

#include <cstdint>

namespace radlads::program {

/// What the mixers' states take: bytes of a sequence however long, and bytes of each token more.
struct state_size {
  std::int64_t sequence = 0, token = 0;
  std::int64_t recurrent_layers = 0, softmax_layers = 0;
};

/// Counted, not allocated: a description may name any sizes.
state_size measure_state(const models::config& c);

}  // namespace radlads::program
