// SPDX-License-Identifier: Apache-2.0
#pragma once
// What holds for every compression: content comes back, damage is named with its place, memory does
// not grow with the content.

#include "radlads/files/compression.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace radlads::test {

using compressor = std::function<std::string(std::string_view)>;

/// Text of several parts of the reader's memory, which repeats itself only in part.
inline std::string sample() {
  std::string text;
  for (unsigned i = 0; i < 30'000; ++i) {
    text += "line " + std::to_string(i * 2654435761u) + "\n";
  }
  return text;
}

inline void expect_round_trips(files::compression how, const compressor& compress) {
  const std::string text = sample();
  EXPECT_EQ(files::decompress(how, compress(text), "a"), text);
  EXPECT_EQ(files::decompress(how, compress(""), "a"), "");
  EXPECT_EQ(files::decompress(how, compress("one ") + compress("") + compress(text), "a"),
            "one " + text);
}

/// Every shorter beginning is refused, unless it ends with a member.
inline void expect_truncation_is_named(files::compression how, const compressor& compress,
                                       const std::string& name) {
  const std::string first = compress("the first part"), whole = first + compress(sample());
  for (std::size_t size = 0; size < whole.size(); size += size < 200 ? 1 : whole.size() / 50) {
    if (size == first.size()) continue;
    const std::string_view part = std::string_view(whole).substr(0, size);
    const std::string said = error_of([&] { files::decompress(how, part, "a.txt"); });
    EXPECT_TRUE(says(said, {"a.txt", name, "ends too early", std::to_string(size)})) << size;
  }
}

/// A byte that is not of the format is refused, wherever it stands behind a whole member.
inline void expect_damage_is_named(files::compression how, const compressor& compress,
                                   const std::string& name) {
  const std::string whole = compress(sample());
  const auto refusal = [&](const std::string& bytes) {
    return error_of([&] { files::decompress(how, bytes, "a.txt"); });
  };
  EXPECT_TRUE(says(refusal("plain text"), {"a.txt", "is not valid " + name}));
  EXPECT_TRUE(says(refusal(whole + "plain text"), {"a.txt", "is not valid " + name}));
}

/// What does not fit in memory is handed on part by part.
template <class F>
void expect_parts_are_small(const std::string& bytes, std::size_t size, F&& decompress_parts) {
  std::size_t total = 0, largest = 0;
  decompress_parts(bytes, std::string("a"), [&](std::string_view part) {
    total += part.size();
    largest = std::max(largest, part.size());
  });
  EXPECT_EQ(total, size);
  EXPECT_LE(largest, std::size_t{1} << 18);
}

}  // namespace radlads::test
