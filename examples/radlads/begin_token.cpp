// SPDX-License-Identifier: Apache-2.0
#include "begin_token.hpp"
#include "radlads/core/error.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace radlads::program {

std::int32_t begin_id(const text::tokenizer& tokenizer, const models::config& config) {
  const std::vector<std::int32_t> whole = tokenizer.encode_document("a");
  const std::vector<std::int32_t> alone = tokenizer.encode("a");
  if (!whole.empty() && (alone.empty() || whole.front() != alone.front())) return whole.front();
  for (const std::optional<std::int32_t> id :
       {config.bos, tokenizer.bos_id(), tokenizer.id_of("<|endoftext|>")}) {
    if (id) return *id;
  }
  fail(
      "the tokenizer and the model's config.json name no token that begins a text: neither a "
      "bos_token nor <|endoftext|>");
}

}  // namespace radlads::program
