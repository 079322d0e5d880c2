// SPDX-License-Identifier: Apache-2.0
#include "mixers.hpp"
#include "radlads/core/error.hpp"
#include "radlads/dry_run.hpp"
#include "state_size.hpp"

#include <cstdint>
#include <limits>
#include <variant>

namespace radlads::program {

namespace {

/// The sum; throws where it passes 63 bits.
std::int64_t sum_of(std::int64_t a, std::int64_t b) {
  require(b <= std::numeric_limits<std::int64_t>::max() - a, "inspect: the states of all layers ",
          "have more bytes than 63 bits count");
  return a + b;
}

}  // namespace

state_size measure_state(const models::config& c) {
  using model = model_of<float, dry_run_backend>;
  dry_run_backend b;
  model::layers_type layers;
  layers.configure(c);
  const model::state state = layers.make_state(b, 1);
  state_size size;
  for (const auto& layer : state.layers) {
    std::visit(
        [&](const auto& s) {
          if constexpr (requires { s.matrix; }) {
            size.sequence = sum_of(size.sequence, s.bytes());
            ++size.recurrent_layers;
          } else {
            // Sizes of a description have 31 bits, so that one layer's bytes fit.
            const std::int64_t values =
                s.k.extent(2) * s.k.extent(3) + s.v.extent(2) * s.v.extent(3);
            size.token = sum_of(size.token, values * static_cast<std::int64_t>(sizeof(float)));
            ++size.softmax_layers;
          }
        },
        layer);
  }
  return size;
}

}  // namespace radlads::program
