// SPDX-License-Identifier: Apache-2.0
#pragma once
// How many tokens' logits a head's loss holds at once on a card.

#include <algorithm>
#include <cstdint>

namespace radlads {

/// Tokens whose logits are held at once: some hundred megabytes of floats.
inline std::int64_t tokens_of_slice(std::int64_t vocabulary, std::int64_t tokens) {
  constexpr std::int64_t logits = std::int64_t{1} << 26;
  return std::min(std::max<std::int64_t>(64, logits / vocabulary), tokens);
}

}  // namespace radlads
