// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sizes of a decoder, and the mixer of each layer by name. A plain struct: io reads and writes it,
// models build from it.

#include "radlads/core/error.hpp"
#include "radlads/layers/mixer_config.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace radlads::models {

/// Description of a decoder-only language model.
struct config {
  std::int64_t vocabulary = 0;    ///< V
  std::int64_t hidden = 0;        ///< C
  std::int64_t intermediate = 0;  ///< F
  std::int64_t layers = 0;        ///< L
  std::int64_t heads = 0;         ///< H
  std::int64_t kv_heads = 0;
  std::int64_t head_size = 0;      ///< K
  std::int64_t max_positions = 0;  ///< the context the model was made for
  double norm_epsilon = 1e-6;
  double rope_base = 1e4;
  bool is_tied = false;  ///< embedding and head are one tensor
  bool qkv_bias = true;
  bool output_bias = false;
  bool qk_norm = false;
  std::optional<std::int32_t> bos, pad;
  std::vector<std::int32_t> eos;    ///< each of these ends a text; the first is the usual one
  std::vector<std::string> mixers;  ///< one name a layer
  layers::mixer_options options;    ///< of the recurrent mixers

  bool operator==(const config&) const = default;
};

/// Throws unless the sizes are positive and fit each other.
inline void check(const config& c) {
  require(c.vocabulary > 0 && c.hidden > 0 && c.intermediate > 0 && c.layers > 0 && c.heads > 0 &&
              c.kv_heads > 0 && c.head_size > 0,
          "model: sizes must be positive; vocabulary is ", c.vocabulary, ", hidden ", c.hidden,
          ", intermediate ", c.intermediate, ", layers ", c.layers, ", heads ", c.heads,
          ", kv heads ", c.kv_heads, ", head size ", c.head_size);
  require(c.heads % c.kv_heads == 0, "model: ", c.heads, " heads are not a multiple of ",
          c.kv_heads, " key/value heads");
  require(c.mixers.size() == static_cast<std::size_t>(c.layers), "model: ", c.mixers.size(),
          " mixers are named for ", c.layers, " layers");
}

/// Sizes of the mixer in layer `layer`, before its own defaults and options.
inline layers::mixer_config mixer_sizes(const config& c, std::int64_t layer) {
  layers::mixer_config m;
  m.hidden = c.hidden;
  m.heads = c.heads;
  m.kv_heads = c.kv_heads;
  m.head_size = c.head_size;
  m.norm_epsilon = c.norm_epsilon;
  m.rope_base = c.rope_base;
  m.qkv_bias = c.qkv_bias;
  m.output_bias = c.output_bias;
  m.qk_norm = c.qk_norm;
  m.layer = layer;
  m.layers = c.layers;
  return m;
}

}  // namespace radlads::models
