// SPDX-License-Identifier: Apache-2.0
#pragma once
// Settings as text, which is YAML: sections of keys with values. Records compare these texts, so a
// value is written one way for good.

#include "radlads/convert/settings.hpp"

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace radlads::convert {

/// A number with the fewest digits that give it back; with an exponent below 1e-4 and from 1e16 on.
inline std::string value_text(double value) {
  char digits[64];
  char* const limit = digits + sizeof digits;
  const char* end = std::to_chars(digits, limit, value, std::chars_format::scientific).ptr;
  const std::string_view text(digits, static_cast<std::size_t>(end - digits));
  const std::size_t mark = text.find('e');
  if (mark == text.npos) return std::string(text);
  int exponent = 0;
  const bool is_positive = text[mark + 1] == '+';
  std::from_chars(digits + mark + (is_positive ? 2 : 1), end, exponent);
  if (exponent < -4 || exponent >= 16) return std::string(text);
  end = std::to_chars(digits, limit, value, std::chars_format::fixed).ptr;
  return {digits, static_cast<std::size_t>(end - digits)};
}

/// A number with so many digits behind the point.
inline std::string value_text(double value, int digits) {
  char text[400];
  return {text,
          std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, digits).ptr};
}

inline std::string value_text(bool value) { return value ? "true" : "false"; }
inline std::string value_text(const std::string& value) { return value; }
std::string value_text(const char*) = delete;  // would be a bool

template <std::integral T>
std::string value_text(T value) {
  return std::to_string(value);
}

template <class T>
std::string value_text(const std::optional<T>& value) {
  return value ? value_text(*value) : "~";
}

template <class T>
std::string value_text(const std::vector<T>& values) {
  std::string text;
  for (const T& each : values) text += (text.empty() ? "" : ", ") + value_text(each);
  return "[" + text + "]";
}

/// The sections of these names, in the order of settings::for_each.
inline std::string settings_text(const settings& values, const std::vector<std::string>& sections) {
  std::string text;
  settings::for_each(
      [&](const char* name, const auto& section) {
        if (std::find(sections.begin(), sections.end(), name) == sections.end()) return;
        text += std::string(name) + ":\n";
        using type = std::remove_cvref_t<decltype(section)>;
        type::for_each(
            [&](const char* key, const auto& value) {
              text += "  " + std::string(key) + ": " + value_text(value) + "\n";
            },
            section);
      },
      values);
  return text;
}

}  // namespace radlads::convert
