// SPDX-License-Identifier: Apache-2.0
#pragma once
// Values as text: what Python prints, and JSON as its json module writes it.

#include "radlads/core/error.hpp"
#include "radlads/text/jinja/value.hpp"
#include "radlads/text/unicode.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace radlads::text::jinja {

/// repr(x): the shortest digits that give x back; exponents below -4 and from 16 on.
inline std::string float_text(double x) {
  if (std::isnan(x)) return "nan";
  if (std::isinf(x)) return x > 0 ? "inf" : "-inf";
  std::array<char, 40> buffer;
  const auto scientific =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), x, std::chars_format::scientific);
  const std::string_view text(buffer.data(),
                              static_cast<std::size_t>(scientific.ptr - buffer.data()));
  const int exponent = std::atoi(std::string(text.substr(text.find('e') + 1)).c_str());
  if (exponent < -4 || exponent >= 16) return std::string(text);
  std::array<char, 400> plain;
  const auto fixed =
      std::to_chars(plain.data(), plain.data() + plain.size(), x, std::chars_format::fixed);
  std::string result(plain.data(), fixed.ptr);
  return result.find('.') == std::string::npos ? result + ".0" : result;
}

inline void append_escaped_byte(std::string& out, unsigned char byte, std::string_view prefix) {
  static constexpr std::string_view digits = "0123456789abcdef";
  out += prefix;
  out += digits[byte >> 4];
  out += digits[byte & 15];
}

/// repr(s) of Python.
inline std::string quoted_text(std::string_view s) {
  const bool has_single = s.find('\'') != std::string_view::npos;
  const char quote = has_single && s.find('"') == std::string_view::npos ? '"' : '\'';
  std::string out(1, quote);
  for (const char c : s) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n' || c == '\r' || c == '\t') {
      out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      append_escaped_byte(out, byte, "\\x");
    } else {
      out += c;
    }
  }
  return out += quote;
}

inline void append_repr(std::string& out, const value& v);

/// str(v) of Python.
inline std::string to_text(const value& v) {
  if (v.string()) return *v.string();
  std::string out;
  append_repr(out, v);
  return out;
}

/// repr(v) of Python; nothing where v is undefined.
inline void append_repr(std::string& out, const value& v) {
  if (v.is_none()) out += "None";
  if (const auto* b = v.get_if<bool>()) out += *b ? "True" : "False";
  if (const auto* n = v.integer()) out += std::to_string(*n);
  if (const auto* x = v.get_if<double>()) out += float_text(*x);
  if (v.string()) out += quoted_text(*v.string());
  const char* separator = "";
  if (const list* items = v.items()) {
    out += '[';
    for (const value& each : *items) {
      out += std::exchange(separator, ", ");
      append_repr(out, each);
    }
    out += ']';
  }
  if (const dictionary* entries = v.entries()) {
    out += '{';
    for (const auto& [key, each] : *entries) {
      out += std::exchange(separator, ", ");
      out += quoted_text(key) + ": ";
      append_repr(out, each);
    }
    out += '}';
  }
  if (v.space()) out += "<Namespace>";
  if (const auto* function = v.get_if<callable>()) out += "<function " + function->name + ">";
}

/// How JSON is laid out.
struct json_form {
  std::optional<std::int64_t> indent;
  std::string item_separator = ", ", key_separator = ": ";
  bool is_ascii = false, is_sorted = false;
};

inline void append_json_string(std::string& out, std::string_view s, bool is_ascii) {
  out += '"';
  for (std::size_t at = 0; at < s.size();) {
    const char c = s[at];
    const auto byte = static_cast<unsigned char>(c);
    static constexpr std::string_view special = "\"\\\n\r\t\b\f", names = "\"\\nrtbf";
    const std::size_t place = special.find(c);
    if (place != std::string_view::npos) {
      out += '\\';
      out += names[place];
    } else if (byte < 0x20) {
      append_escaped_byte(out, byte, "\\u00");
    } else if (byte < 0x80 || !is_ascii) {
      out += c;
    } else {
      const utf8_sequence sequence = read_utf8(s, at);
      const auto code = static_cast<std::uint32_t>(sequence.code_point);
      const auto append_unit = [&](std::uint32_t unit) {
        append_escaped_byte(out, static_cast<unsigned char>(unit >> 8), "\\u");
        append_escaped_byte(out, static_cast<unsigned char>(unit & 0xff), "");
      };
      if (code >= 0x10000) append_unit(0xd800 + ((code - 0x10000) >> 10));
      append_unit(code >= 0x10000 ? 0xdc00 + ((code - 0x10000) & 0x3ff) : code);
      at += sequence.length - 1;
    }
    ++at;
  }
  out += '"';
}

/// json.dumps(v) of Python. Throws on what JSON does not have.
inline void append_json(std::string& out, const value& v, const json_form& form, int depth = 0) {
  const auto line = [&](int level) {
    if (!form.indent) return;
    out += '\n';
    out.append(static_cast<std::size_t>(*form.indent * level), ' ');
  };
  bool is_first = true;
  const auto next = [&] {
    if (!std::exchange(is_first, false)) out += form.item_separator;
    line(depth + 1);
  };
  if (v.is_none()) {
    out += "null";
  } else if (const auto* b = v.get_if<bool>()) {
    out += *b ? "true" : "false";
  } else if (const auto* x = v.get_if<double>()) {
    out += std::isnan(*x)   ? "NaN"
           : std::isinf(*x) ? (*x > 0 ? "Infinity" : "-Infinity")
                            : float_text(*x);
  } else if (v.string()) {
    append_json_string(out, *v.string(), form.is_ascii);
  } else if (const list* items = v.items()) {
    out += '[';
    for (const value& each : *items) {
      next();
      append_json(out, each, form, depth + 1);
    }
    if (!items->empty()) line(depth);
    out += ']';
  } else if (const dictionary* entries = v.entries()) {
    out += '{';
    dictionary ordered = *entries;
    if (form.is_sorted) {
      std::stable_sort(ordered.begin(), ordered.end(),
                       [](const auto& one, const auto& other) { return one.first < other.first; });
    }
    for (const auto& [key, each] : ordered) {
      next();
      append_json_string(out, key, form.is_ascii);
      out += form.key_separator;
      append_json(out, each, form, depth + 1);
    }
    if (!ordered.empty()) line(depth);
    out += '}';
  } else {
    require(v.integer() != nullptr, "JSON does not have ", type_name(v));
    out += std::to_string(*v.integer());
  }
}

}  // namespace radlads::text::jinja
