// SPDX-License-Identifier: Apache-2.0
#pragma once
// Values of settings from text and to text, and the known word that is nearest to an unknown one.

#include "radlads/core/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace radlads::program {

/// Reads 20000000, 20_000_000, 1e-3, 20e6. YAML 1.1 takes 1e-3 for a text; here it is a number.
inline void parse_value(std::string text, double& value, const std::string& where) {
  const std::string given = text;
  std::erase(text, '_');
  if (text.starts_with('+')) text.erase(0, 1);
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  require(code == std::errc() && end == text.data() + text.size() && std::isfinite(value), where,
          ": \"", given, "\" is not a number");
}

inline void parse_value(const std::string& text, std::int64_t& value, const std::string& where) {
  double number = 0;
  parse_value(text, number, where);
  constexpr double exact = 9007199254740992.0;  // 2^53: beyond it a double skips integers
  require(number == std::floor(number) && std::abs(number) <= exact, where, ": \"", text,
          "\" is not a whole number");
  value = static_cast<std::int64_t>(number);
}

inline void parse_value(const std::string& text, bool& value, const std::string& where) {
  value = text == "true" || text == "yes" || text == "on" || text == "1";
  require(value || text == "false" || text == "no" || text == "off" || text == "0", where, ": \"",
          text, "\" is neither true nor false");
}

inline void parse_value(const std::string& text, std::string& value, const std::string&) {
  value = text;
}

template <class T>
void parse_value(const std::string& text, std::optional<T>& value, const std::string& where) {
  value.reset();
  if (text != "~" && text != "null" && !text.empty()) parse_value(text, value.emplace(), where);
}

/// A list: 4,7 or [4, 7].
template <class T>
void parse_value(std::string text, std::vector<T>& value, const std::string& where) {
  std::erase_if(text, [](char c) { return c == '[' || c == ']' || c == ' '; });
  value.clear();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    parse_value(text.substr(at, end - at), value.emplace_back(), where);
    at = end + 1;
  }
}

template <class T>
std::string format_value(const T& value) {
  return fmt::format("{}", value);
}

template <class T>
std::string format_value(const std::optional<T>& value) {
  return value ? format_value(*value) : "~";
}

template <class T>
std::string format_value(const std::vector<T>& value) {
  return fmt::format("[{}]", fmt::join(value, ", "));
}

/// The least number of inserted, removed, changed or exchanged neighbouring letters between two
/// words.
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      d[i][j] =
          std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      const bool is_exchanged = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (is_exchanged) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

/// The word nearest to `word`; throws when there are none.
inline std::string nearest(std::string_view word, const std::vector<std::string>& words) {
  require(!words.empty(), "there is no word near \"", word, "\"");
  return *std::min_element(words.begin(), words.end(), [&](const auto& x, const auto& y) {
    return edit_distance(word, x) < edit_distance(word, y);
  });
}

}  // namespace radlads::program
