// SPDX-License-Identifier: Apache-2.0
#include "begin_token.hpp"
#include "radlads/core/error.hpp"

#include <cstdint>
#include <optional>

namespace radlads::program {

std::optional<std::int32_t> prefix_token(const text::tokenizer& tokenizer,
                                         const models::config& config) {
  for (const auto& id : {tokenizer.bos_id(), tokenizer.eos_id(), config.bos}) {
    if (id) return id;
  }
  if (!config.eos.empty()) return config.eos.front();
  return {};
}

std::optional<std::int32_t> scoring_prefix(const text::tokenizer& tokenizer,
                                           const models::config& config) {
  if (!tokenizer.post_processor().prefix().empty()) return {};
  const std::optional<std::int32_t> prefix = prefix_token(tokenizer, config);
  require(prefix.has_value(),
          "the tokenizer puts no token before a text, and neither it nor the model's "
          "config.json names a bos_token or eos_token to score the first token after");
  return prefix;
}

}  // namespace radlads::program
