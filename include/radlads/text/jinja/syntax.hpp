// SPDX-License-Identifier: Apache-2.0
#pragma once
// A template as a tree of statements and expressions.

#include "radlads/text/jinja/value.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::text::jinja {

/// What bounds a template that somebody else wrote. Real ones of 20 KB nest a dozen levels and take
/// some thousand steps for a conversation.
struct limits {
  int depth = 100;                  ///< of nested statements, expressions and calls
  std::int64_t steps = 5'000'000;   ///< evaluated expressions and statements
  std::int64_t bytes = 64'000'000;  ///< of text made on the way and printed
  std::int64_t source = 1'000'000;  ///< bytes of a template
};

/// Text of the constant that stands for the body of a {% filter %} or a {% set %} with filters.
inline constexpr std::string_view block_marker = "the text of the block";

enum class expression_kind {
  constant,
  name,           // text
  list_of,        // parts
  dictionary_of,  // parts: key, value, key, value
  attribute,      // parts[0].text
  item,           // parts[0][parts[1]]
  slice,          // parts[0][parts[1] : parts[2] : parts[3]], undefined constants where absent
  call,           // parts[0](parts[1]..., named...)
  filter,         // parts[0] | text(parts[1]..., named...)
  test,           // parts[0] is text(parts[1]...)
  negate,         // -parts[0]
  logical_not,
  logical_and,
  logical_or,
  compare,     // parts[0] text parts[1]: == != < <= > >= in
  arithmetic,  // parts[0] text parts[1]: + - * / // % ** ~
  conditional  // parts[1] if parts[0] else parts[2]
};

struct named_expression;

struct expression {
  expression_kind kind = expression_kind::constant;
  int line = 1;
  int depth = 1;  ///< of the tree from here
  std::string text;
  value constant;
  std::vector<expression> parts;
  // Of a struct of its own: std::pair wants to know a whole expression here.
  std::vector<named_expression> named;
};

/// An argument by its name.
struct named_expression {
  std::string name;
  expression value;
};

enum class statement_kind {
  text,          // text
  output,        // expressions[0]
  condition,     // if expressions[i] bodies[i] ...; one more body is the else
  loop,          // for names in expressions[0] if expressions[1]: bodies[0], else bodies[1]
  assign,        // set names = expressions[0]; text.names[0] where text is a namespace
  assign_block,  // set names[0] = bodies[0] through the filters of expressions[0], if any
  macro,         // text(names with defaults in the last of expressions): bodies[0]
  filter_block,  // bodies[0] through the filters of expressions[0]
  group,         // bodies[0]
  loop_break,
  loop_continue
};

struct statement {
  statement_kind kind = statement_kind::text;
  int line = 1;
  std::string text;
  std::vector<std::string> names;
  std::vector<expression> expressions;
  std::vector<std::vector<statement>> bodies;
};

using body = std::vector<statement>;

}  // namespace radlads::text::jinja
