// SPDX-License-Identifier: Apache-2.0
#pragma once
// Tests: what stands behind "is".

#include "radlads/core/error.hpp"
#include "radlads/text/jinja/budget.hpp"
#include "radlads/text/jinja/operators.hpp"
#include "radlads/text/jinja/strings.hpp"
#include "radlads/text/jinja/value.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace radlads::text::jinja {

inline std::optional<bool> type_test(std::string_view name, const value& v) {
  if (name == "defined") return !v.is_undefined();
  if (name == "undefined") return v.is_undefined();
  if (name == "none") return v.is_none();
  if (name == "string") return v.string() != nullptr;
  if (name == "mapping") return v.entries() != nullptr;
  if (name == "sequence") return v.string() || v.items() || v.entries() || v.is_undefined();
  if (name == "iterable") return v.string() || v.items() || v.entries() || v.is_undefined();
  if (name == "number") return v.is_number();
  if (name == "integer") return v.integer() != nullptr;
  if (name == "float") return v.get_if<double>() != nullptr;
  if (name == "boolean") return v.get_if<bool>() != nullptr;
  if (name == "true") return v.get_if<bool>() && *v.get_if<bool>();
  if (name == "false") return v.get_if<bool>() && !*v.get_if<bool>();
  if (name == "callable") return v.get_if<callable>() != nullptr;
  if (name == "lower") return in_case(to_text(v), false) == to_text(v);
  if (name == "upper") return in_case(to_text(v), true) == to_text(v);
  return {};
}

/// The sign that a test's name stands for.
inline std::string_view comparison_of(std::string_view test) {
  if (test == "equalto" || test == "eq") return "==";
  if (test == "ne") return "!=";
  if (test == "lt" || test == "lessthan") return "<";
  if (test == "le") return "<=";
  if (test == "gt" || test == "greaterthan") return ">";
  if (test == "ge") return ">=";
  return test == "in" || test == "==" || test == "!=" ? test : std::string_view();
}

/// v is name(arguments).
inline bool apply_test(budget& b, std::string_view name, const value& v, const arguments& a) {
  b.take_reading(v);
  if (const std::optional<bool> found = type_test(name, v)) return *found;
  if (name == "odd" || name == "even" || name == "divisibleby") {
    require(is_whole(v), "'", name, "' is asked of ", type_name(v), ", expected an integer");
    const std::int64_t by = name == "divisibleby" ? a.integer(0, "num", 1) : 2;
    require(by != 0, "division by zero");
    const bool is_divided = by == -1 || whole(v) % by == 0;
    return name == "odd" ? !is_divided : is_divided;
  }
  if (name == "sameas") {
    const value& other = a.need(0, "other");
    const bool is_same_kind = (v.get_if<bool>() != nullptr) == (other.get_if<bool>() != nullptr);
    return is_same_kind && b.is_equal(v, other);
  }
  const std::string_view sign = comparison_of(name);
  require(!sign.empty(), "the test '", name, "' is unknown");
  return compare(b, sign, v, a.need(0, "other"));
}

}  // namespace radlads::text::jinja
