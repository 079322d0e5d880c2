// SPDX-License-Identifier: Apache-2.0
#pragma once
// Values of settings from text and to text, and the known word that is nearest to an unknown one.

#include "radlads/core/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace radlads::program {

/// The one rule of empty values, for settings and for options: there is none that means something.
inline void require_value(std::string_view text, std::string_view where) {
  require(text.find_first_not_of(" \t") != std::string_view::npos, where, ": the value is empty");
}

/// Digits without the underscores and the sign that from_chars does not know.
inline std::string bare_number(std::string text) {
  std::erase(text, '_');
  if (text.starts_with('+') && !text.starts_with("+-")) text.erase(0, 1);
  return text;
}

/// Reads 0.5, 20_000, 1e-3. YAML 1.1 takes 1e-3 for a text; here it is a number.
inline void parse_value(const std::string& given, double& value, const std::string& where) {
  require_value(given, where);
  const std::string text = bare_number(given);
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  require(code == std::errc() && end == text.data() + text.size() && std::isfinite(value), where,
          ": \"", given, "\" is not a number");
}

inline void parse_value(const std::string& given, float& value, const std::string& where) {
  double number = 0;
  parse_value(given, number, where);
  value = static_cast<float>(number);
}

/// Reads whole numbers: 20000000, 20_000_000, 2e7, and 20M, where k, M and G stand for thousands,
/// millions and billions.
template <std::integral T>
void parse_value(const std::string& given, T& value, const std::string& where) {
  require_value(given, where);
  std::string text = bare_number(given);
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code == std::errc() && end == text.data() + text.size()) return;
  constexpr std::string_view units = "kKMG", thousands = "1123";
  const std::size_t unit = text.empty() ? units.npos : units.find(text.back());
  if (unit != units.npos && text.find_first_of("eE") == text.npos) {
    // As an exponent, so that 1.1M is exactly 1100000.
    text.pop_back();
    text += fmt::format("e{}", 3 * (thousands[unit] - '0'));
  }
  double number = 0;
  const auto [last, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  require(problem == std::errc() && last == text.data() + text.size() && std::isfinite(number) &&
              number == std::floor(number),
          where, ": \"", given, "\" is not a whole number");
  constexpr double exact = 9007199254740992.0;  // 2^53: beyond it a double skips integers
  require(std::abs(number) <= exact && std::in_range<T>(static_cast<std::int64_t>(number)), where,
          ": \"", given, "\" is beyond the whole numbers that fit here");
  value = static_cast<T>(number);
}

inline void parse_value(const std::string& text, bool& value, const std::string& where) {
  require_value(text, where);
  value = text == "true" || text == "yes" || text == "on" || text == "1";
  require(value || text == "false" || text == "no" || text == "off" || text == "0", where, ": \"",
          text, "\" is neither true nor false");
}

inline void parse_value(const std::string& text, std::string& value, const std::string& where) {
  require_value(text, where);
  value = text;
}

template <class T>
void parse_value(const std::string& text, std::optional<T>& value, const std::string& where) {
  value.reset();
  if (text != "~" && text != "null") parse_value(text, value.emplace(), where);
}

/// A list: 4,7 or [4, 7]; [] has no items.
template <class T>
void parse_value(const std::string& given, std::vector<T>& value, const std::string& where) {
  require_value(given, where);
  std::string text = given;
  const bool is_open = text.starts_with('['), is_closed = text.ends_with(']');
  require(is_open == is_closed, where, ": \"", given, "\" has one bracket of a list");
  if (is_open) text = text.substr(1, text.size() - 2);
  value.clear();
  if (is_open && text.find_first_not_of(' ') == text.npos) return;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    std::string item = text.substr(at, end - at);
    item.erase(0, std::min(item.find_first_not_of(' '), item.size()));
    item.erase(item.find_last_not_of(' ') + 1);
    require(!item.empty(), where, ": \"", given, "\" has an empty item");
    parse_value(item, value.emplace_back(), where);
    at = end + 1;
  }
}

template <class T>
std::string format_value(const T& value) {
  return fmt::format("{}", value);
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
