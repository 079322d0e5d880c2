// SPDX-License-Identifier: Apache-2.0
#pragma once
// One question of an evaluation set: texts whose probabilities decide.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::evaluate {

/// A text to score and what comes before it.
struct scored_text {
  std::string context;       ///< given; may be empty
  std::string continuation;  ///< its probability counts

  bool operator==(const scored_text&) const = default;
};

/// One document: an option for each choice, or a single one whose probability is the score.
struct document {
  std::vector<scored_text> options;
  std::vector<std::int64_t>
      lengths;  ///< of each choice in characters, for acc_norm; empty where that is no metric
  std::size_t gold = 0;  ///< the right option
};

/// Number of characters (code points) of valid UTF-8.
inline std::int64_t character_count(std::string_view text) {
  std::int64_t count = 0;
  for (const char byte : text) count += (static_cast<unsigned char>(byte) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

}  // namespace radlads::evaluate
