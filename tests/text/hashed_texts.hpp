// SPDX-License-Identifier: Apache-2.0
#pragma once
// Two thousand texts, and what `tokenizers` 0.23.3 made of them: one FNV-1a hash for each hundred,
// over every result and a zero byte behind it.

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

namespace radlads::test {

inline nlohmann::json text_data(const std::string& name) {
  std::ifstream file(std::string(RADLADS_SOURCE_DIR) + "/tests/text/data/" + name);
  return nlohmann::json::parse(file);
}

inline std::vector<std::string> nasty_texts() {
  return text_data("nasty_texts.json")["texts"].get<std::vector<std::string>>();
}

/// The hashes of `result(text)` over all texts.
template <class Result>
std::vector<std::string> hashes_of(const std::vector<std::string>& texts, Result&& result) {
  std::vector<std::string> hashes;
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i % 100 == 0) hash = 0xcbf29ce484222325u;
    for (const char c : result(texts[i]) + '\0') {
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    }
    if (i % 100 != 99 && i + 1 != texts.size()) continue;
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
    hashes.emplace_back(digits);
  }
  return hashes;
}

}  // namespace radlads::test
