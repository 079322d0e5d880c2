// SPDX-License-Identifier: Apache-2.0
#pragma once
// The token that stands for an empty context in scoring. Training and generation add no token of
// their own: what begins a text is what the tokenizer puts there.

#include "radlads/models/config.hpp"
#include "radlads/text/tokenizer.hpp"

#include <cstdint>
#include <optional>

namespace radlads::program {

/// The tokenizer's BOS, else its EOS; where it names neither, those of the model's config. Nothing
/// when there is none of these.
std::optional<std::int32_t> prefix_token(const text::tokenizer& tokenizer,
                                         const models::config& config);

/// lm-eval's prefix token, which stands in front of a text that has no context: prefix_token().
/// Nothing when the tokenizer itself puts a token in front of a text. Throws when there is none.
std::optional<std::int32_t> scoring_prefix(const text::tokenizer& tokenizer,
                                           const models::config& config);

}  // namespace radlads::program
