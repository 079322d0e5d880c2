// SPDX-License-Identifier: Apache-2.0
#pragma once
// Statements from tokens.

#include "radlads/core/error.hpp"
#include "radlads/text/jinja/expression_parser.hpp"
#include "radlads/text/jinja/lexer.hpp"
#include "radlads/text/jinja/syntax.hpp"
#include "radlads/text/jinja/token_reader.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text::jinja {

class parser {
 public:
  /// The tree of a template. Throws naming the line of what does not parse.
  static body parse(std::string_view source, const limits& bounds = {},
                    whitespace_rules rules = {}) {
    require(static_cast<std::int64_t>(source.size()) <= bounds.source, "the template has ",
            source.size(), " bytes, expected at most ", bounds.source);
    const std::size_t broken = invalid_utf8_offset(source);
    require(broken == std::string_view::npos, "the template is not valid UTF-8 at byte offset ",
            broken);
    parser own(token_reader(lexer::tokens_of(source, rules), bounds));
    body all = own.parse_body({});
    return all;
  }

 private:
  explicit parser(token_reader reader) : reader_(std::move(reader)), expressions_(reader_) {}
  parser(const parser&) = delete;

  /// Statements up to a tag with one of these names, which is taken up to the name, or up to the
  /// end where there are none.
  body parse_body(std::initializer_list<std::string_view> ends) {
    const token_reader::level deeper(reader_);
    body out;
    const int first = reader_.line();
    while (!reader_.is(token_kind::end)) {
      if (reader_.is(token_kind::text)) {
        const token text = reader_.take();
        out.push_back(make(statement_kind::text, text.line, text.text));
      } else if (reader_.is(token_kind::output_begin)) {
        statement output = make(statement_kind::output, reader_.take().line);
        output.expressions.push_back(expressions_.parse());
        reader_.expect(token_kind::output_end, "}}");
        out.push_back(std::move(output));
      } else {
        reader_.take();
        for (const std::string_view end : ends) {
          if (reader_.take_name(end)) {
            ended_by_ = end;
            return out;
          }
        }
        out.push_back(parse_tag());
      }
    }
    if (ends.size() > 0) {
      reader_.fail_here("the block that is open since line ", first, " has no {% ",
                        *(ends.end() - 1), " %}");
    }
    return out;
  }

  static statement make(statement_kind kind, int line, std::string text = "") {
    statement s;
    s.kind = kind;
    s.line = line;
    s.text = std::move(text);
    return s;
  }
  void end_tag() { reader_.expect(token_kind::block_end, "%}"); }

  statement parse_tag() {
    const int line = reader_.line();
    if (!reader_.is(token_kind::name))
      reader_.fail_here("expected a statement, found ", reader_.found());
    const std::string name = reader_.take().text;
    if (name == "if") return parse_if(line);
    if (name == "for") return parse_for(line);
    if (name == "set") return parse_set(line);
    if (name == "macro") return parse_macro(line);
    if (name == "filter") return parse_filter_block(line);
    if (name == "generation") {
      // What transformers marks as the model's own words for training.
      statement s = make(statement_kind::group, line);
      end_tag();
      s.bodies.push_back(parse_body({"endgeneration"}));
      end_tag();
      return s;
    }
    if (name == "break" || name == "continue") {
      if (loops_ == 0) fail("line ", line, ": {% ", name, " %} stands outside a loop");
      end_tag();
      return make(name == "break" ? statement_kind::loop_break : statement_kind::loop_continue,
                  line);
    }
    fail("line ", line, ": the statement {% ", name,
         " %} is unknown here; known: if, for, set, macro, filter, generation, break, continue, "
         "raw");
  }

  statement parse_if(int line) {
    statement s = make(statement_kind::condition, line);
    ended_by_ = "elif";
    while (ended_by_ == "elif") {
      s.expressions.push_back(expressions_.parse());
      end_tag();
      s.bodies.push_back(parse_body({"elif", "else", "endif"}));
    }
    if (ended_by_ == "else") {
      end_tag();
      s.bodies.push_back(parse_body({"endif"}));
    }
    end_tag();
    return s;
  }

  statement parse_for(int line) {
    statement s = make(statement_kind::loop, line);
    s.names = parse_names();
    if (!reader_.take_name("in")) reader_.fail_here("expected 'in', found ", reader_.found());
    s.expressions.push_back(expressions_.parse(false));
    if (reader_.take_name("if")) s.expressions.push_back(expressions_.parse());
    if (reader_.is_name("recursive")) reader_.fail_here("recursive loops are not supported");
    end_tag();
    ++loops_;
    s.bodies.push_back(parse_body({"else", "endfor"}));
    --loops_;
    if (ended_by_ == "else") {
      end_tag();
      s.bodies.push_back(parse_body({"endfor"}));
    }
    end_tag();
    return s;
  }

  /// a, or a, b, or (a, b).
  std::vector<std::string> parse_names() {
    const bool is_open = reader_.take_symbol("(");
    std::vector<std::string> names{reader_.expect_identifier()};
    while (reader_.take_symbol(",")) names.push_back(reader_.expect_identifier());
    if (is_open) reader_.expect_symbol(")");
    return names;
  }

  statement parse_set(int line) {
    statement s = make(statement_kind::assign, line);
    s.names = parse_names();
    if (reader_.take_symbol(".")) {
      s.text = s.names[0];
      s.names[0] = reader_.expect_identifier();
    }
    if (reader_.take_symbol("=")) {
      s.expressions.push_back(expressions_.parse());
      // a, b without parentheses is a tuple.
      if (reader_.is_symbol(",")) {
        expression tuple;
        tuple.kind = expression_kind::list_of;
        tuple.line = line;
        tuple.parts.push_back(std::move(s.expressions[0]));
        while (reader_.take_symbol(",")) tuple.parts.push_back(expressions_.parse());
        s.expressions[0] = reader_.finished(std::move(tuple));
      }
      end_tag();
      return s;
    }
    s.kind = statement_kind::assign_block;
    parse_filtered_body(s, "endset");
    return s;
  }

  statement parse_filter_block(int line) {
    statement s = make(statement_kind::filter_block, line);
    // "filter name" is as "| name" on what follows.
    parse_filtered_body(s, "endfilter", true);
    return s;
  }

  /// Filters, the end of the tag, and the body up to `end`. The body's text is the constant within.
  void parse_filtered_body(statement& s, std::string_view end, bool has_first = false) {
    expression inner;
    inner.line = s.line;
    inner.text = block_marker;
    if (has_first || reader_.is_symbol("|")) {
      s.expressions.push_back(expressions_.parse_filters(std::move(inner), has_first));
    }
    end_tag();
    s.bodies.push_back(parse_body({end}));
    end_tag();
  }

  statement parse_macro(int line) {
    statement s = make(statement_kind::macro, line, reader_.expect_identifier());
    reader_.expect_symbol("(");
    while (!reader_.take_symbol(")")) {
      s.names.push_back(reader_.expect_identifier());
      if (reader_.take_symbol("=")) {
        s.expressions.push_back(expressions_.parse());
      } else if (!s.expressions.empty()) {
        reader_.fail_here("a parameter without a default stands behind one that has one");
      }
      if (!reader_.is_symbol(")")) reader_.expect_symbol(",");
    }
    end_tag();
    const int loops = std::exchange(loops_, 0);
    s.bodies.push_back(parse_body({"endmacro"}));
    loops_ = loops;
    reader_.take_name(s.text);
    end_tag();
    return s;
  }

  token_reader reader_;
  expression_parser expressions_;
  std::string_view ended_by_;
  int loops_ = 0;
};

}  // namespace radlads::text::jinja
