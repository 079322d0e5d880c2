// SPDX-License-Identifier: Apache-2.0
#pragma once
// The tokens of a template one by one, and the errors of a parser.

#include "radlads/core/error.hpp"
#include "radlads/text/jinja/lexer.hpp"
#include "radlads/text/jinja/syntax.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text::jinja {

class token_reader {
 public:
  token_reader(std::vector<token> tokens, const limits& bounds)
      : tokens_(std::move(tokens)), bounds_(bounds) {}

  const token& current() const { return tokens_[at_]; }
  int line() const { return current().line; }
  token take() { return at_ + 1 < tokens_.size() ? tokens_[at_++] : tokens_[at_]; }

  bool is(token_kind kind) const { return current().kind == kind; }
  bool is_symbol(std::string_view text) const {
    return is(token_kind::symbol) && current().text == text;
  }
  bool is_name(std::string_view text) const {
    return is(token_kind::name) && current().text == text;
  }
  bool next_is_name(std::string_view text) const {
    return at_ + 1 < tokens_.size() && tokens_[at_ + 1].kind == token_kind::name &&
           tokens_[at_ + 1].text == text;
  }
  bool take_symbol(std::string_view text) { return is_symbol(text) && (take(), true); }
  bool take_name(std::string_view text) { return is_name(text) && (take(), true); }

  void expect_symbol(std::string_view text) {
    if (!take_symbol(text)) fail_here("expected '", text, "', found ", found());
  }
  void expect(token_kind kind, std::string_view what) {
    if (!is(kind)) fail_here("expected ", what, ", found ", found());
    take();
  }
  std::string expect_identifier() {
    if (!is(token_kind::name)) fail_here("expected a name, found ", found());
    return take().text;
  }

  template <class... Parts>
  [[noreturn]] void fail_here(const Parts&... parts) const {
    fail("line ", line(), ": ", parts...);
  }
  /// What an error says stands here.
  std::string found() const {
    switch (current().kind) {
      case token_kind::text:
        return "text";
      case token_kind::block_begin:
        return "{%";
      case token_kind::block_end:
        return "%}";
      case token_kind::output_begin:
        return "{{";
      case token_kind::output_end:
        return "}}";
      case token_kind::string:
        return "a string";
      case token_kind::end:
        return "the end of the template";
      default:
        return "'" + current().text + "'";
    }
  }

  /// A level deeper until it goes out of scope.
  class level {
   public:
    explicit level(token_reader& reader) : reader_(reader) {
      if (++reader.depth_ > reader.bounds_.depth)
        reader.fail_here("nested deeper than ", reader.bounds_.depth, " levels");
    }
    level(const level&) = delete;
    level& operator=(const level&) = delete;
    ~level() { --reader_.depth_; }

   private:
    token_reader& reader_;
  };

  /// Takes over the depth of the parts. Chains such as a.b.c are deep without being nested.
  expression finished(expression e) const {
    const auto include = [&](const expression& part) {
      if (part.depth >= e.depth) e.depth = part.depth + 1;
    };
    for (const expression& part : e.parts) include(part);
    for (const auto& [name, part] : e.named) include(part);
    if (e.depth > bounds_.depth)
      fail("line ", e.line, ": an expression is deeper than ", bounds_.depth, " levels");
    return e;
  }

 private:
  std::vector<token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
  limits bounds_;
};

}  // namespace radlads::text::jinja
