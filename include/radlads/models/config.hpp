// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sizes of a decoder, and the mixer of each layer by name. A plain struct: io reads and writes it,
// models build from it.

#include "radlads/core/error.hpp"
#include "radlads/layers/mixer_config.hpp"
#include "radlads/ops/rope_scaling.hpp"

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
  ops::rope_scaling rope_scaling;
  bool is_tied = false;  ///< embedding and head are one tensor
  bool qkv_bias = true;
  bool output_bias = false;
  bool qk_norm = false;
  std::optional<std::int32_t> bos, pad;
  std::vector<std::int32_t> eos;    ///< each of these ends a text; the first is the usual one
  std::vector<std::string> mixers;  ///< one name a layer
  layers::mixer_options options;    ///< of the recurrent mixers
  /// "model_type" of the softmax class to write it as, where several compute the same (llama and
  /// mistral); empty takes the first that fits.
  std::string family;

  bool operator==(const config&) const = default;
};

/// Largest sizes that are believed, each several times that of any published model: Llama 3.1 405B
/// has 126 layers, 128 heads of 128, width 16,384 and 53,248 inside; vocabularies reach 262,144. So
/// a description of a few bytes cannot ask for hours and terabytes, and no product of sizes
/// overflows.
struct size_limits {
  static constexpr std::int64_t vocabulary = std::int64_t{1} << 24;
  static constexpr std::int64_t hidden = std::int64_t{1} << 17;
  static constexpr std::int64_t intermediate = std::int64_t{1} << 20;
  static constexpr std::int64_t layers = 1024;
  static constexpr std::int64_t heads = 4096;
  static constexpr std::int64_t head_size = 4096;
  static constexpr std::int64_t attention_width = std::int64_t{1} << 17;
  static constexpr std::int64_t rank = std::int64_t{1} << 17;
};

/// Throws when a size is larger than any that is believed.
inline void check_limits(const config& c) {
  using limits = size_limits;
  const auto at_most = [](const char* name, std::int64_t value, std::int64_t limit) {
    require(value <= limit, "model: ", name, " is ", value, ", more than the ", limit,
            " allowed, which no published model comes near");
  };
  at_most("the vocabulary", c.vocabulary, limits::vocabulary);
  at_most("hidden", c.hidden, limits::hidden);
  at_most("intermediate", c.intermediate, limits::intermediate);
  at_most("the number of layers", c.layers, limits::layers);
  at_most("the number of heads", c.heads, limits::heads);
  at_most("the head size", c.head_size, limits::head_size);
  at_most("heads times head size", c.heads * c.head_size, limits::attention_width);
  at_most("rank_decay", c.options.rank_decay, limits::rank);
  at_most("rank_iclr", c.options.rank_iclr, limits::rank);
  at_most("rank_value_mix", c.options.rank_value_mix, limits::rank);
  at_most("rank_gate", c.options.rank_gate, limits::rank);
  at_most("rank_token_shift", c.options.rank_token_shift, limits::rank);
}

/// Throws unless the sizes are positive, believable, and fit each other.
inline void check(const config& c) {
  require(c.vocabulary > 0 && c.hidden > 0 && c.intermediate > 0 && c.layers > 0 && c.heads > 0 &&
              c.kv_heads > 0 && c.head_size > 0,
          "model: sizes must be positive; vocabulary is ", c.vocabulary, ", hidden ", c.hidden,
          ", intermediate ", c.intermediate, ", layers ", c.layers, ", heads ", c.heads,
          ", kv heads ", c.kv_heads, ", head size ", c.head_size);
  check_limits(c);
  ops::check(ops::rope_frequencies(c.rope_base, c.rope_scaling));
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
  m.rope_scaling = c.rope_scaling;
  m.qkv_bias = c.qkv_bias;
  m.output_bias = c.output_bias;
  m.qk_norm = c.qk_norm;
  m.layer = layer;
  m.layers = c.layers;
  return m;
}

}  // namespace radlads::models
