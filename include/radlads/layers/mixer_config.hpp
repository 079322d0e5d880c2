// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sizes and options of one mixer. One plain struct for every mixer, so that a list of mixers of a
// user's own can be configured from one model description.

#include "radlads/core/error.hpp"
#include "radlads/ops/rope_scaling.hpp"

#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

namespace radlads::layers {

/// Options a model description may set; what is absent takes the mixer's own default. Key names in
/// files: use_rope, balance_state, groupnorm_att, use_tokenshift, gate_rank_type, lora_rank_*.
struct mixer_options {
  std::optional<bool> use_rope;
  std::optional<bool> balance_state;
  std::optional<bool> group_norm;
  std::optional<bool> token_shift;
  std::optional<int> gate_rank_type;  ///< 0 none, 1 sigmoid(x W), 2 sigmoid(x g1) g2
  std::int64_t rank_decay = 0;        ///< ranks: 0 means the formula of low_rank_size()
  std::int64_t rank_iclr = 0;
  std::int64_t rank_value_mix = 0;
  std::int64_t rank_gate = 0;
  std::int64_t rank_token_shift = 0;

  bool operator==(const mixer_options&) const = default;
};

/// Everything a mixer needs to know about where it stands and how large it is.
struct mixer_config {
  std::int64_t hidden = 0;     ///< C, width of the residual stream
  std::int64_t heads = 0;      ///< H, query (receptance) heads
  std::int64_t kv_heads = 0;   ///< key and value heads; divides heads
  std::int64_t head_size = 0;  ///< K, per head
  double norm_epsilon = 1e-6;  ///< of the q/k norms
  double rope_base = 1e4;
  ops::rope_scaling rope_scaling;
  bool qkv_bias = true;
  bool output_bias = false;
  bool qk_norm = false;  ///< per-head RMS norm of receptance and key (Qwen3)
  bool use_rope = true;
  bool balance_state = true;
  bool group_norm = false;
  bool token_shift = false;
  int gate_rank_type = 2;
  std::int64_t rank_decay = 0;
  std::int64_t rank_iclr = 0;
  std::int64_t rank_value_mix = 0;
  std::int64_t rank_gate = 0;
  std::int64_t rank_token_shift = 0;
  std::int64_t layer = 0;         ///< index of this layer
  std::int64_t layers = 1;        ///< number of layers
  bool provides_v_first = false;  ///< the first mixer of the stack that uses v_first writes it

  std::int64_t attention_width() const { return heads * head_size; }  ///< D_a
  std::int64_t kv_width() const { return kv_heads * head_size; }
  /// 0 at the first layer, 1 at the last.
  double depth() const {
    return layers > 1 ? static_cast<double>(layer) / static_cast<double>(layers - 1) : 0.0;
  }

  bool operator==(const mixer_config&) const = default;
};

/// Rank of a low-rank map at width C: max(1, round(C^exponent * factor / 32)) * 32
/// (arXiv 2505.03005, reference implementation).
inline std::int64_t low_rank_size(std::int64_t hidden, double exponent, double factor) {
  const double exact = std::pow(static_cast<double>(hidden), exponent) * factor / 32.0;
  const auto rounded = static_cast<std::int64_t>(std::nearbyint(exact));
  return 32 * (rounded < 1 ? 1 : rounded);
}

/// Throws unless the sizes can belong to a mixer.
inline void check_sizes(const mixer_config& c, std::string_view mixer) {
  require(c.hidden > 0 && c.heads > 0 && c.kv_heads > 0 && c.head_size > 0, mixer,
          ": sizes must be positive; hidden is ", c.hidden, ", heads ", c.heads, ", kv heads ",
          c.kv_heads, ", head size ", c.head_size);
  require(c.heads % c.kv_heads == 0, mixer, ": ", c.heads, " heads are not a multiple of ",
          c.kv_heads, " key/value heads");
  require(c.gate_rank_type >= 0 && c.gate_rank_type <= 2, mixer, ": gate_rank_type is ",
          c.gate_rank_type, ", expected 0, 1 or 2");
}

}  // namespace radlads::layers
