// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a parameter set says of each of its tensors. Whoever treats some tensors otherwise than the
// rest (learning rates, what a stage trains, transfer, files) asks for these, never for a piece of
// a name.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace radlads {

/// What a tensor is to the operation that reads it.
enum class tensor_role : std::uint8_t {
  other,          ///< nothing that anybody asks for
  matrix,         ///< weight of a linear map
  bias,           ///< added behind a linear map or a norm
  norm,           ///< weight of a norm
  embedding,      ///< a row for each token
  head,           ///< hidden states to logits
  low_rank_down,  ///< first factor of a low-rank map
  low_rank_up,    ///< second factor; its axis before the last has the rank
  channels,       ///< a number for each channel, added or multiplied
};

/// What a tensor of a mixer is for.
enum class tensor_purpose : std::uint8_t {
  none,
  projection,   ///< q, k, v and o, which a student takes over from its teacher
  decay,        ///< how fast the state is forgotten, with what is special to the decay's input
  iclr,         ///< in-context learning rate
  value_mix,    ///< how much of the first layer's value is in this layer's
  gate,         ///< factor of the output
  token_shift,  ///< how much of the token before is in this token's input
};

/// The part of a decoder that a tensor belongs to.
enum class tensor_part : std::uint8_t { none, softmax_mixer, recurrent_mixer, feed_forward };

/// One tensor of a parameter set: its name and what it is. Converts to the name, so a visitor that
/// needs nothing else takes a `const std::string&`.
struct tensor_info {
  std::string name;
  tensor_role role = tensor_role::other;
  tensor_purpose purpose = tensor_purpose::none;
  tensor_part part = tensor_part::none;

  operator const std::string&() const { return name; }

  bool is_in_mixer() const {
    return part == tensor_part::softmax_mixer || part == tensor_part::recurrent_mixer;
  }

  /// The same tensor in a larger set, which puts `prefix` before its name.
  tensor_info within(std::string_view prefix) const { return within(prefix, part); }
  /// As above, where the larger set says which part of the decoder this is.
  tensor_info within(std::string_view prefix, tensor_part of) const {
    std::string longer;
    longer.reserve(prefix.size() + name.size());
    longer.append(prefix).append(name);
    return {std::move(longer), role, purpose, of};
  }
};

}  // namespace radlads
