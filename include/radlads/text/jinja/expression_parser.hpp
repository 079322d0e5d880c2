// SPDX-License-Identifier: Apache-2.0
#pragma once
// Expressions from tokens, with Jinja's precedence: if-else, or, and, not, comparisons, + and -, ~,
// * / // %, **, signs, then attributes, calls, filters and tests.

#include "radlads/core/error.hpp"
#include "radlads/text/jinja/syntax.hpp"
#include "radlads/text/jinja/token_reader.hpp"

#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace radlads::text::jinja {

class expression_parser {
 public:
  explicit expression_parser(token_reader& reader) : reader_(reader) {}

  /// An expression with if and else; without them where a loop's own "if" may follow.
  expression parse(bool has_condition = true) {
    const token_reader::level deeper(reader_);
    expression e = parse_or();
    while (has_condition && reader_.is_name("if")) {
      const int line = reader_.take().line;
      expression condition = parse_or();
      expression otherwise = constant(line, undefined{"the else of an inline if"});
      if (reader_.take_name("else")) otherwise = parse();
      e = node(expression_kind::conditional, line, "", condition, e, otherwise);
    }
    return e;
  }

  /// Filters behind a value: | trim | upper; the first has no | where it `is_open`. The value is
  /// parts[0] of the innermost.
  expression parse_filters(expression e, bool is_open = false) {
    while (std::exchange(is_open, false) || reader_.take_symbol("|")) {
      expression filter = node(expression_kind::filter, reader_.line(), name_with_dots(), e);
      if (reader_.is_symbol("(")) parse_arguments(filter);
      e = reader_.finished(std::move(filter));
    }
    return e;
  }

 private:
  template <class... Parts>
  expression node(expression_kind kind, int line, std::string text, Parts&&... parts) const {
    expression e;
    e.kind = kind;
    e.line = line;
    e.text = std::move(text);
    (e.parts.push_back(std::move(parts)), ...);
    return reader_.finished(std::move(e));
  }
  static expression constant(int line, value v) {
    expression e;
    e.line = line;
    e.constant = std::move(v);
    return e;
  }

  expression parse_or() {
    expression e = parse_and();
    while (reader_.is_name("or")) {
      const int line = reader_.take().line;
      e = node(expression_kind::logical_or, line, "", e, parse_and());
    }
    return e;
  }
  expression parse_and() {
    expression e = parse_not();
    while (reader_.is_name("and")) {
      const int line = reader_.take().line;
      e = node(expression_kind::logical_and, line, "", e, parse_not());
    }
    return e;
  }
  expression parse_not() {
    if (!reader_.is_name("not")) return parse_compare();
    const token_reader::level deeper(reader_);
    const int line = reader_.take().line;
    return node(expression_kind::logical_not, line, "", parse_not());
  }

  /// Comparisons in a row hold all at once: a < b < c.
  expression parse_compare() {
    expression left = parse_sum();
    expression result;
    bool has_result = false;
    for (;;) {
      const int line = reader_.line();
      std::string sign;
      for (const std::string_view each : {"==", "!=", "<=", ">=", "<", ">"}) {
        if (sign.empty() && reader_.take_symbol(each)) sign = each;
      }
      const bool is_negated = sign.empty() && reader_.is_name("not") && reader_.next_is_name("in");
      if (is_negated) reader_.take();
      if (sign.empty() && reader_.take_name("in")) sign = "in";
      if (sign.empty()) return has_result ? result : left;
      expression right = parse_sum();
      expression next = right;
      expression one = node(expression_kind::compare, line, sign, left, right);
      if (is_negated) one = node(expression_kind::logical_not, line, "", one);
      result = has_result ? node(expression_kind::logical_and, line, "", result, one) : one;
      has_result = true;
      left = std::move(next);
    }
  }

  /// Operands of one precedence, from the left.
  template <class Operand>
  expression parse_chain(std::initializer_list<std::string_view> signs, Operand&& operand) {
    expression e = operand();
    for (bool is_found = true; is_found;) {
      is_found = false;
      for (const std::string_view sign : signs) {
        if (!reader_.is_symbol(sign)) continue;
        const int line = reader_.take().line;
        e = node(expression_kind::arithmetic, line, std::string(sign), e, operand());
        is_found = true;
        break;
      }
    }
    return e;
  }
  expression parse_sum() {
    return parse_chain({"+", "-"}, [&] { return parse_concatenation(); });
  }
  expression parse_concatenation() {
    return parse_chain({"~"}, [&] { return parse_product(); });
  }
  expression parse_product() {
    return parse_chain({"*", "//", "/", "%"}, [&] { return parse_power(); });
  }
  expression parse_power() {
    return parse_chain({"**"}, [&] { return parse_unary(true); });
  }

  expression parse_unary(bool has_filters) {
    const token_reader::level deeper(reader_);
    const int line = reader_.line();
    expression e;
    if (reader_.take_symbol("-")) {
      e = node(expression_kind::negate, line, "", parse_unary(false));
    } else if (reader_.take_symbol("+")) {
      e = parse_unary(false);
    } else {
      e = parse_primary();
    }
    e = parse_postfix(std::move(e));
    return has_filters ? parse_filters_and_tests(std::move(e)) : e;
  }

  expression parse_filters_and_tests(expression e) {
    for (;;) {
      if (reader_.is_symbol("|")) {
        e = parse_filters(std::move(e));
      } else if (reader_.is_name("is")) {
        e = parse_test(std::move(e));
      } else if (reader_.is_symbol("(")) {
        e = parse_call(std::move(e));
      } else {
        return e;
      }
    }
  }

  std::string name_with_dots() {
    std::string name = reader_.expect_identifier();
    while (reader_.take_symbol(".")) name += "." + reader_.expect_identifier();
    return name;
  }

  expression parse_test(expression e) {
    const int line = reader_.take().line;
    const bool is_negated = reader_.take_name("not");
    expression test = node(expression_kind::test, line, name_with_dots(), std::move(e));
    const bool is_value = reader_.is(token_kind::string) || reader_.is(token_kind::integer) ||
                          reader_.is(token_kind::real) || reader_.is_symbol("[") ||
                          reader_.is_symbol("{");
    const bool is_name = reader_.is(token_kind::name) && !reader_.is_name("else") &&
                         !reader_.is_name("or") && !reader_.is_name("and") &&
                         !reader_.is_name("is") && !reader_.is_name("if");
    if (reader_.is_symbol("(")) {
      parse_arguments(test);
    } else if (is_value || (is_name && !reader_.is_name("in") && !reader_.is_name("not"))) {
      test.parts.push_back(parse_postfix(parse_primary()));
    }
    test = reader_.finished(std::move(test));
    return is_negated ? node(expression_kind::logical_not, line, "", test) : test;
  }

  expression parse_primary() {
    const token_reader::level deeper(reader_);
    const int line = reader_.line();
    if (reader_.is(token_kind::name)) return parse_name();
    if (reader_.is(token_kind::integer) || reader_.is(token_kind::real)) return parse_number();
    if (reader_.is(token_kind::string)) {
      // Strings beside each other are one.
      std::string text;
      while (reader_.is(token_kind::string)) text += reader_.take().text;
      return constant(line, std::move(text));
    }
    if (reader_.take_symbol("(")) {
      return parse_parenthesis(line);
    }
    if (reader_.take_symbol("[")) {
      expression e = node(expression_kind::list_of, line, "");
      parse_items(e, "]");
      return reader_.finished(std::move(e));
    }
    if (reader_.take_symbol("{")) return parse_dictionary(line);
    reader_.fail_here("expected an expression, found ", reader_.found());
  }

  expression parse_name() {
    const token name = reader_.take();
    const std::string& text = name.text;
    if (text == "true" || text == "True") return constant(name.line, true);
    if (text == "false" || text == "False") return constant(name.line, false);
    if (text == "none" || text == "None") return constant(name.line, none{});
    return node(expression_kind::name, name.line, text);
  }

  expression parse_number() {
    const token number = reader_.take();
    const char* const begin = number.text.data();
    const char* const end = begin + number.text.size();
    if (number.kind == token_kind::integer) {
      std::int64_t n = 0;
      if (std::from_chars(begin, end, n).ec != std::errc())
        fail("line ", number.line, ": the integer ", number.text, " is beyond 64 bits");
      return constant(number.line, n);
    }
    double x = 0;
    if (std::from_chars(begin, end, x).ec != std::errc())
      fail("line ", number.line, ": the number ", number.text, " is beyond the range of floats");
    return constant(number.line, x);
  }

  /// An expression in parentheses, or a tuple, which is a list here.
  expression parse_parenthesis(int line) {
    expression tuple = node(expression_kind::list_of, line, "");
    if (reader_.take_symbol(")")) return tuple;
    expression first = parse();
    if (reader_.take_symbol(")")) return first;
    tuple.parts.push_back(std::move(first));
    reader_.expect_symbol(",");
    parse_items(tuple, ")");
    return reader_.finished(std::move(tuple));
  }

  void parse_items(expression& e, std::string_view close) {
    while (!reader_.take_symbol(close)) {
      e.parts.push_back(parse());
      if (!reader_.is_symbol(close)) reader_.expect_symbol(",");
    }
  }

  expression parse_dictionary(int line) {
    expression e = node(expression_kind::dictionary_of, line, "");
    while (!reader_.take_symbol("}")) {
      e.parts.push_back(parse());
      reader_.expect_symbol(":");
      e.parts.push_back(parse());
      if (!reader_.is_symbol("}")) reader_.expect_symbol(",");
    }
    return reader_.finished(std::move(e));
  }

  expression parse_postfix(expression e) {
    for (;;) {
      const int line = reader_.line();
      if (reader_.take_symbol(".")) {
        if (reader_.is(token_kind::integer)) {
          e = node(expression_kind::item, line, "", e, parse_number());
        } else {
          e = node(expression_kind::attribute, line, reader_.expect_identifier(), e);
        }
      } else if (reader_.take_symbol("[")) {
        e = parse_subscript(std::move(e), line);
      } else if (reader_.is_symbol("(")) {
        e = parse_call(std::move(e));
      } else {
        return e;
      }
    }
  }

  expression parse_call(expression e) {
    expression call = node(expression_kind::call, reader_.line(), "", std::move(e));
    parse_arguments(call);
    return reader_.finished(std::move(call));
  }

  /// One index, or first : last : step, each of which may be absent.
  expression parse_subscript(expression e, int line) {
    expression index = node(expression_kind::item, line, "", e);
    bool is_slice = false;
    for (int i = 0; i < 3; ++i) {
      const bool is_absent = reader_.is_symbol(":") || reader_.is_symbol("]");
      index.parts.push_back(is_absent ? constant(line, none{}) : parse());
      if (!reader_.take_symbol(":")) break;
      is_slice = true;
    }
    reader_.expect_symbol("]");
    if (is_slice) {
      index.kind = expression_kind::slice;
      while (index.parts.size() < 4) index.parts.push_back(constant(line, none{}));
    }
    return reader_.finished(std::move(index));
  }

  /// (a, b, name=c), added to `e`.
  void parse_arguments(expression& e) {
    reader_.expect_symbol("(");
    while (!reader_.take_symbol(")")) {
      expression each = parse();
      if (each.kind == expression_kind::name && reader_.take_symbol("=")) {
        e.named.push_back({each.text, parse()});
      } else {
        if (!e.named.empty())
          reader_.fail_here("an argument without a name stands behind a named one");
        e.parts.push_back(std::move(each));
      }
      if (!reader_.is_symbol(")")) reader_.expect_symbol(",");
    }
  }

  token_reader& reader_;
};

}  // namespace radlads::text::jinja
