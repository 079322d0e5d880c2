// SPDX-License-Identifier: Apache-2.0
#pragma once
// How many tokens' logits a head's loss holds at once on a GPU.

#include <algorithm>
#include <cstdint>

namespace radlads::ops {

/// Tokens whose logits are held at once: about a gigabyte of floats. The head's gradient is read
/// and written once a slice, and its product wants some hundred tokens.
inline std::int64_t tokens_of_slice(std::int64_t vocabulary, std::int64_t tokens) {
  constexpr std::int64_t logits = std::int64_t{1} << 28;
  return std::min(std::max<std::int64_t>(64, logits / vocabulary), tokens);
}

}  // namespace radlads::ops
