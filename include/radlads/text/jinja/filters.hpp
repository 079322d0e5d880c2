// SPDX-License-Identifier: Apache-2.0
#pragma once
// Filters: what stands behind "|".

#include "radlads/core/error.hpp"
#include "radlads/text/jinja/budget.hpp"
#include "radlads/text/jinja/list_filters.hpp"
#include "radlads/text/jinja/methods.hpp"
#include "radlads/text/jinja/operators.hpp"
#include "radlads/text/jinja/tests.hpp"
#include "radlads/text/jinja/value.hpp"
#include "radlads/text/jinja/value_text.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace radlads::text::jinja {

inline value json_filter(const value& v, const arguments& a) {
  json_form form;
  form.is_ascii = a.flag(0, "ensure_ascii", false);
  const value* indent = a.get(1, "indent");
  if (indent && !indent->is_none()) {
    const std::int64_t width = a.integer(1, "indent", 0);
    require(width >= 0 && width <= 16, "tojson: an indent of ", width, ", expected 0 to 16");
    form.indent = width;
    form.item_separator = ",";
  }
  const value* separators = a.get(2, "separators");
  if (separators && !separators->is_none()) {
    const list* two = separators->items();
    require(two && two->size() == 2 && (*two)[0].string() && (*two)[1].string(),
            "tojson: separators are two strings");
    form.item_separator = *(*two)[0].string();
    form.key_separator = *(*two)[1].string();
    require(form.item_separator.size() + form.key_separator.size() <= 16,
            "tojson: separators of more than 16 bytes");
  }
  form.is_sorted = a.flag(3, "sort_keys", false);
  std::string out;
  append_json(out, v, form);
  return out;
}

inline value number_filter(std::string_view name, const value& v, const arguments& a) {
  const value* absent = a.get(0, "default");
  std::optional<double> x;
  std::optional<std::int64_t> n;
  if (is_whole(v)) n = whole(v);
  if (v.is_number()) x = v.number();
  if (v.string()) {
    const std::string text = stripped(*v.string(), nullptr, true, true);
    const char* const end = text.data() + text.size();
    std::int64_t as_integer = 0;
    double as_float = 0;
    const auto integer = std::from_chars(text.data(), end, as_integer);
    const auto real = std::from_chars(text.data(), end, as_float);
    if (integer.ec == std::errc() && integer.ptr == end) n = as_integer;
    if (real.ec == std::errc() && real.ptr == end) x = as_float;
  }
  if (name == "float") return x ? value(*x) : absent ? *absent : value(0.0);
  if (n) return *n;
  if (x && std::abs(*x) < 9e18) return static_cast<std::int64_t>(*x);
  return absent ? *absent : value(std::int64_t{0});
}

inline value round_filter(const value& v, const arguments& a) {
  require(v.is_number(), "round: found ", type_name(v), ", expected a number");
  const std::int64_t digits = a.integer(0, "precision", 0);
  require(digits >= -15 && digits <= 15, "round: ", digits, " digits, expected -15 to 15");
  const value* method = a.get(1, "method");
  const std::string kind = method && method->string() ? *method->string() : "common";
  const double scale = std::pow(10.0, static_cast<double>(digits));
  const double scaled = v.number() * scale;
  if (kind == "ceil") return std::ceil(scaled) / scale;
  if (kind == "floor") return std::floor(scaled) / scale;
  return std::nearbyint(scaled) / scale;
}

inline std::string escaped(const std::string& s) {
  std::string out;
  for (const char c : s) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&#34;";
    else if (c == '\'')
      out += "&#39;";
    else
      out += c;
  }
  return out;
}

/// indent(width, first, blank): every line but the first, and empty ones, further in.
inline std::string indented(budget& b, const std::string& s, const arguments& a) {
  const value* width = a.get(0, "width");
  std::string margin(4, ' ');
  if (width && width->string()) margin = *width->string();
  if (width && width->integer()) {
    require(*width->integer() >= 0 && *width->integer() <= 100, "indent: a width of ",
            *width->integer(), ", expected 0 to 100");
    margin.assign(static_cast<std::size_t>(*width->integer()), ' ');
  }
  const bool has_first = a.flag(1, "first", false), has_blank = a.flag(2, "blank", false);
  std::string out;
  bool is_first = true;
  for (const value& each : split_by(s, "\n", -1)) {
    const std::string& line = *each.string();
    if (!is_first) out += '\n';
    if (is_first ? has_first : has_blank || !line.empty()) {
      b.take_bytes(static_cast<std::int64_t>(margin.size()));
      out += margin;
    }
    out += line;
    is_first = false;
  }
  return out;
}

inline std::optional<value> text_filter(budget& b, std::string_view name, const value& v,
                                        const arguments& a) {
  const auto text = [&] { return to_text(v); };
  if (name == "string") return text();
  if (name == "safe") return v.string() ? v : value(text());
  if (name == "upper" || name == "lower" || name == "title" || name == "capitalize")
    return case_method(text(), name);
  if (name == "trim") return string_method(b, text(), "strip", a);
  if (name == "replace") {
    return replaced(text(), a.text(0, "old"), a.text(1, "new"), a.integer(2, "count", -1));
  }
  if (name == "escape" || name == "e") return escaped(text());
  if (name == "indent") return indented(b, text(), a);
  return {};
}

/// v | name(arguments).
inline value apply_filter(budget& b, std::string_view name, const value& v, const arguments& a) {
  b.take_reading(v);
  if (name == "default" || name == "d") {
    const bool is_absent = v.is_undefined() || (a.flag(1, "boolean", false) && !is_true(v));
    const value* other = a.get(0, "default_value");
    return !is_absent ? v : other ? *other : value("");
  }
  if (name == "tojson") {
    if (v.is_undefined()) fail("'", v.get_if<undefined>()->name, "' is undefined");
    b.take_bytes(v.weight());
    return json_filter(v, a);
  }
  if (name == "int" || name == "float") return number_filter(name, v, a);
  if (name == "round") return round_filter(v, a);
  if (name == "abs") {
    require(v.is_number(), "abs: found ", type_name(v), ", expected a number");
    return is_whole(v) && whole(v) >= 0 ? v
           : is_whole(v)                ? integer_arithmetic('-', 0, whole(v))
                                        : value(std::abs(v.number()));
  }
  if (std::optional<value> found = text_filter(b, name, v, a)) return *std::move(found);
  const auto filter = [&](std::string_view each, const value& item, const arguments& rest) {
    return apply_filter(b, each, item, rest);
  };
  if (std::optional<value> found = list_filter(b, name, v, a, filter)) return *std::move(found);
  fail("the filter '", name, "' is unknown");
}

}  // namespace radlads::text::jinja
