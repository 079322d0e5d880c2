// SPDX-License-Identifier: Apache-2.0
#pragma once
// The token a sequence begins with, also where the tokenizer's own files put none in front of a
// text.

#include "radlads/models/config.hpp"
#include "radlads/text/tokenizer.hpp"

#include <cstdint>

namespace radlads::program {

/// What the tokenizer puts in front of a text, else the BOS of the model's config, else that of the
/// tokenizer, else <|endoftext|>. Throws when there is none of these.
std::int32_t begin_id(const text::tokenizer& tokenizer, const models::config& config);

}  // namespace radlads::program
