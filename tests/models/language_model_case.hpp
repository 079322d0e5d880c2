// SPDX-License-Identifier: Apache-2.0
#pragma once
// Small language models over the library's mixers, with random parameters and ids.

#include "layers/named_values.hpp"
#include "ops/tensor_values.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/cpu.hpp"
#include "radlads/layers/attention_mixer.hpp"
#include "radlads/layers/rad_rwkv6_mixer.hpp"
#include "radlads/layers/rad_rwkv7_mixer.hpp"
#include "radlads/models/language_model.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {

template <class T>
using language_model = models::language_model<T, cpu_backend, layers::attention_mixer,
                                              layers::rad_rwkv7_mixer, layers::rad_rwkv6_mixer>;

inline models::config small_model(const std::vector<std::string>& mixers) {
  models::config c;
  c.vocabulary = 13;
  c.hidden = 10;
  c.intermediate = 14;
  c.heads = 4;
  c.kv_heads = 2;
  c.head_size = 4;
  c.mixers = mixers;
  c.layers = static_cast<std::int64_t>(mixers.size());
  c.options.rank_decay = 3;
  c.options.rank_iclr = 2;
  c.options.rank_value_mix = 4;
  c.options.rank_gate = 5;
  c.options.rank_token_shift = 2;
  return c;
}

/// Ids below 13 that repeat, so that rows of the embedding meet more than once.
inline std::vector<std::int32_t> some_ids(std::int64_t count) {
  std::vector<std::int32_t> ids;
  for (std::int64_t i = 0; i < count; ++i)
    ids.push_back(static_cast<std::int32_t>((i * i + 3 * i) % 13));
  return ids;
}

/// Random parameters by name. Norm weights are about one; the others are small enough for rounding
/// not to grow from layer to layer.
inline named_values<double> model_point(cpu_backend& b, const models::config& c) {
  language_model<double> model;
  model.build(b, c);
  named_values<double> point;
  add_random_values(model.weights, point, 0.25);
  for (auto& [name, values] : point) {
    if (!name.ends_with("norm.weight")) continue;
    for (double& each : values) each += 1;
  }
  return point;
}

template <class T>
language_model<T> model_at(cpu_backend& b, const models::config& c, const named_values<T>& point) {
  language_model<T> model;
  model.build(b, c);
  set_by_name(point, model.weights);
  return model;
}

}  // namespace radlads::test
