// SPDX-License-Identifier: Apache-2.0
#pragma once
// Byte fallback: characters that a model does not know become tokens such as <0x0A>, one a byte.

#include "radlads/text/detokenizer.hpp"
#include "radlads/text/vocabulary.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace radlads::text {

/// Ids of the byte tokens of a model.
class byte_tokens {
 public:
  byte_tokens() { ids_.fill(none); }

  explicit byte_tokens(const model_tokens& tokens) {
    for (std::size_t byte = 0; byte < ids_.size(); ++byte)
      ids_[byte] = tokens.find(byte_token(static_cast<unsigned char>(byte))).value_or(none);
  }

  /// Calls `on_id` for each byte; does nothing and returns false when one of them has no token.
  template <class OnId>
  bool spell(std::string_view bytes, OnId&& on_id) const {
    const auto id_of = [&](char byte) { return ids_[static_cast<unsigned char>(byte)]; };
    if (std::any_of(bytes.begin(), bytes.end(), [&](char c) { return id_of(c) == none; }))
      return false;
    for (const char byte : bytes) on_id(id_of(byte));
    return true;
  }

 private:
  static constexpr std::int32_t none = -1;
  std::array<std::int32_t, 256> ids_{};
};

}  // namespace radlads::text
