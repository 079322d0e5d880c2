// SPDX-License-Identifier: Apache-2.0
#pragma once
// Arithmetic, order and membership, by Python's rules on 64-bit integers.

#include "radlads/core/error.hpp"
#include "radlads/text/jinja/budget.hpp"
#include "radlads/text/jinja/value.hpp"
#include "radlads/text/jinja/value_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

namespace radlads::text::jinja {

/// The integer that a number is, where booleans count.
inline bool is_whole(const value& v) { return v.integer() || v.get_if<bool>(); }
inline std::int64_t whole(const value& v) {
  return v.integer() ? *v.integer() : static_cast<std::int64_t>(v.number());
}

inline value integer_arithmetic(char sign, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  bool is_beyond = false;
  if (sign == '+') is_beyond = __builtin_add_overflow(a, b, &result);
  if (sign == '-') is_beyond = __builtin_sub_overflow(a, b, &result);
  if (sign == '*') is_beyond = __builtin_mul_overflow(a, b, &result);
  if (sign == 'q' || sign == '%') {
    require(b != 0, "division by zero");
    is_beyond = a == INT64_MIN && b == -1;
    if (!is_beyond) {
      const std::int64_t rest = a % b;
      const bool is_lower = rest != 0 && (rest < 0) != (b < 0);
      result = sign == '%' ? rest + (is_lower ? b : 0) : a / b - (is_lower ? 1 : 0);
    }
  }
  require(!is_beyond, "an integer goes beyond 64 bits");
  return result;
}

inline value power(const value& a, const value& b) {
  if (!is_whole(a) || !is_whole(b) || whole(b) < 0) {
    const double x = std::pow(a.number(), b.number());
    require(std::isfinite(x), "a power is not a finite number");
    return x;
  }
  value result(std::int64_t{1});
  require(whole(b) <= 64 || (whole(a) >= -1 && whole(a) <= 1), "an integer goes beyond 64 bits");
  const std::int64_t times = whole(b) <= 64 ? whole(b) : whole(b) % 2 + 2;
  for (std::int64_t i = 0; i < times; ++i)
    result = integer_arithmetic('*', *result.integer(), whole(a));
  return result;
}

inline value number_arithmetic(std::string_view sign, const value& a, const value& b) {
  if (sign == "**") return power(a, b);
  if (sign != "/" && is_whole(a) && is_whole(b))
    return integer_arithmetic(sign == "//" ? 'q' : sign[0], whole(a), whole(b));
  const double x = a.number(), y = b.number();
  if (sign == "+") return x + y;
  if (sign == "-") return x - y;
  if (sign == "*") return x * y;
  require(y != 0, "division by zero");
  if (sign == "/") return x / y;
  if (sign == "//") return std::floor(x / y);
  const double rest = std::fmod(x, y);
  return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
}

/// s * n.
inline value repeated(budget& b, const value& v, std::int64_t count) {
  count = std::max<std::int64_t>(count, 0);
  require(count == 0 || v.weight() <= most_value_weight / count, "a repetition is longer than ",
          most_value_weight, " bytes");
  b.take_bytes(v.weight() * count);
  if (v.string()) {
    std::string out;
    for (std::int64_t i = 0; i < count; ++i) out += *v.string();
    return out;
  }
  list out;
  for (std::int64_t i = 0; i < count; ++i)
    out.insert(out.end(), v.items()->begin(), v.items()->end());
  return out;
}

/// a sign b for + - * / // % ** and ~.
inline value arithmetic(budget& budget, std::string_view sign, const value& a, const value& b) {
  budget.take_reading(a);
  budget.take_reading(b);
  if (sign == "~") return to_text(a) + to_text(b);
  if (a.is_number() && b.is_number()) return number_arithmetic(sign, a, b);
  if (sign == "+" && a.string() && b.string()) return *a.string() + *b.string();
  if (sign == "+" && a.items() && b.items()) {
    list out = *a.items();
    out.insert(out.end(), b.items()->begin(), b.items()->end());
    return out;
  }
  if (sign == "*" && (a.string() || a.items()) && is_whole(b)) return repeated(budget, a, whole(b));
  if (sign == "*" && (b.string() || b.items()) && is_whole(a)) return repeated(budget, b, whole(a));
  const value& wrong = a.is_undefined() ? a : b;
  if (wrong.is_undefined()) fail("'", wrong.get_if<undefined>()->name, "' is undefined");
  fail("'", sign, "' does not go with ", type_name(a), " and ", type_name(b));
}

/// Whether a < b, of numbers, strings or lists.
inline bool is_less(budget& budget, const value& a, const value& b) {
  budget.take_steps(1 + std::min(a.weight(), b.weight()) / 1000);
  if (a.is_number() && b.is_number()) {
    return is_whole(a) && is_whole(b) ? whole(a) < whole(b) : a.number() < b.number();
  }
  if (a.string() && b.string()) return *a.string() < *b.string();
  if (a.items() && b.items()) {
    const list &left = *a.items(), &right = *b.items();
    for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
      if (!budget.is_equal(left[i], right[i])) return is_less(budget, left[i], right[i]);
    }
    return left.size() < right.size();
  }
  fail(type_name(a), " and ", type_name(b), " have no order");
}

/// Whether `whole` has `part`: a substring, an item or a key.
inline bool contains(budget& budget, const value& all, const value& part) {
  budget.take_reading(all);
  if (all.string()) {
    require(part.string() != nullptr, "'in' a string needs a string, found ", type_name(part));
    return all.string()->find(*part.string()) != std::string::npos;
  }
  if (all.items()) {
    return std::any_of(all.items()->begin(), all.items()->end(),
                       [&](const value& each) { return budget.is_equal(each, part); });
  }
  if (all.entries()) return part.string() && find(*all.entries(), *part.string());
  require(all.is_undefined(), "'in' does not go with ", type_name(all));
  return false;
}

inline bool compare(budget& budget, std::string_view sign, const value& a, const value& b) {
  if (sign == "==") return budget.is_equal(a, b);
  if (sign == "!=") return !budget.is_equal(a, b);
  if (sign == "<") return is_less(budget, a, b);
  if (sign == ">") return is_less(budget, b, a);
  if (sign == "in") return contains(budget, b, a);
  const bool is_below = sign == "<=";
  return is_below ? !is_less(budget, b, a) : !is_less(budget, a, b);
}

}  // namespace radlads::text::jinja
