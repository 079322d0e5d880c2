// SPDX-License-Identifier: Apache-2.0
#pragma once
// Encodes many texts with one tokenizer, with memory that is kept from text to text.

#include "radlads/text/tokenizer.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace radlads::text {

/// Gives the ids that its tokenizer gives, sooner. For one thread at a time; a copy has memory of
/// its own. The tokenizer must live as long.
class encoder {
 public:
  explicit encoder(const tokenizer& tokenizer) : tokenizer_(&tokenizer) {
    memory_.keeps_pieces = true;
  }

  /// tokenizer::encode.
  std::vector<std::int32_t> encode(std::string_view text) {
    return tokenizer_->encode_with(memory_, text);
  }

  /// tokenizer::encode_document.
  std::vector<std::int32_t> encode_document(std::string_view text, encode_options options = {}) {
    std::vector<std::int32_t> ids = encode(text);
    if (options.add_special) tokenizer_->post_processor().wrap(ids);
    return ids;
  }

 private:
  const tokenizer* tokenizer_;
  tokenizer::encoding memory_;
};

}  // namespace radlads::text
