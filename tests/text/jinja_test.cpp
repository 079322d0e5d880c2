// SPDX-License-Identifier: Apache-2.0
#include "radlads/text/jinja/evaluate.hpp"
#include "radlads/text/jinja/parser.hpp"
#include "support/error_of.hpp"
#include "text/jinja_cases.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace radlads::test {
namespace jinja_test {

namespace jinja = text::jinja;

std::string rendered(std::string_view source, const jinja::limits& bounds = {}) {
  jinja::environment outside;
  outside.now.tm_year = 124;
  outside.now.tm_mon = 6;
  outside.now.tm_mday = 26;
  outside.bounds = bounds;
  const auto values = nlohmann::ordered_json::parse(jinja_values);
  for (const auto& [name, each] : values.items())
    outside.globals.emplace_back(name, jinja::from_json(each));
  return jinja::evaluator::render(jinja::parser::parse(source, bounds), outside);
}
std::string refusal(std::string_view source, const jinja::limits& bounds = {}) {
  return error_of([&] { rendered(source, bounds); });
}

TEST(jinja, renders_as_jinja2_does) {
  for (const jinja_case& each : jinja_cases) {
    EXPECT_EQ(rendered(each.source), each.expected) << each.source;
  }
}

TEST(jinja, lines_end_in_one_way) {
  EXPECT_EQ(rendered("a\r\n{% if t %}\r\nb\r{% endif %}\r\n"), "a\nb\n");
}

TEST(jinja, what_does_not_parse_is_named_with_its_line) {
  EXPECT_EQ(refusal("a\n{% if x %}"),
            "line 2: the block that is open since line 2 has no {% endif %}");
  EXPECT_EQ(refusal("{{ x"), "line 1: {{ has no }}");
  EXPECT_EQ(refusal("\n\n{% foo %}"),
            "line 3: the statement {% foo %} is unknown here; known: if, for, set, macro, filter, "
            "generation, break, continue, raw");
  EXPECT_EQ(refusal("{{ x + }}"), "line 1: expected an expression, found }}");
  EXPECT_EQ(refusal("{{ (x }}"), "line 1: unexpected '}'");
  EXPECT_EQ(refusal("{{ 'x }}"), "line 1: a string has no end");
  EXPECT_EQ(refusal("{# x"), "line 1: a comment has no end");
  EXPECT_EQ(refusal("{{ x ! }}"), "line 1: unexpected character '!'");
  EXPECT_EQ(refusal("{% for x l %}{% endfor %}"), "line 1: expected 'in', found 'l'");
  EXPECT_EQ(refusal("{% endif %}").substr(0, 41), "line 1: the statement {% endif %} is unkn");
  EXPECT_EQ(refusal("{% break %}"), "line 1: {% break %} stands outside a loop");
  EXPECT_EQ(refusal("{{ 99999999999999999999 }}"),
            "line 1: the integer 99999999999999999999 is beyond 64 bits");
  EXPECT_EQ(refusal("a\xff"), "the template is not valid UTF-8 at byte offset 1");
  EXPECT_EQ(refusal("{% raw %} x"), "line 1: {% raw %} has no {% endraw %}");
}

TEST(jinja, what_goes_wrong_is_named_with_its_line) {
  EXPECT_EQ(refusal("\n{{ missing.x }}"), "line 2: 'missing' is undefined");
  EXPECT_EQ(refusal("{{ missing + 1 }}"), "line 1: 'missing' is undefined");
  EXPECT_EQ(refusal("{{ missing() }}"), "line 1: 'missing' is undefined");
  EXPECT_EQ(refusal("{{ 1 + 'a' }}"), "line 1: '+' does not go with an integer and a string");
  EXPECT_EQ(refusal("{{ 1 < 'a' }}"), "line 1: an integer and a string have no order");
  EXPECT_EQ(refusal("{{ raise_exception('no ' ~ x) }}"), "line 1: the template refuses this: no 3");
  EXPECT_EQ(refusal("{{ l.append(4) }}"), "line 1: a list has no method 'append' here");
  EXPECT_EQ(refusal("{{ 1 // 0 }}"), "line 1: division by zero");
  EXPECT_EQ(refusal("{{ x | nothing }}"), "line 1: the filter 'nothing' is unknown");
  EXPECT_EQ(refusal("{{ x is nothing }}"), "line 1: the test 'nothing' is unknown");
  EXPECT_EQ(refusal("{% for i in x %}{% endfor %}"), "line 1: an integer has no items to go over");
  EXPECT_EQ(refusal("{% set x.y = 1 %}"),
            "line 1: 'x' is no namespace, so its parts cannot be set");
  EXPECT_EQ(refusal("{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}"),
            "line 1: the macro 'f' takes 1 arguments, found 2");
  EXPECT_EQ(refusal("{{ 9223372036854775807 + 1 }}"), "line 1: an integer goes beyond 64 bits");
  EXPECT_EQ(refusal("{{ s | upper }}"),
            "line 1: upper case of '\u00e9': only letters of ASCII are known here");
}

TEST(jinja, hostile_templates_are_refused) {
  const auto nested = [](const char* open, const char* middle, const char* close) {
    std::string all;
    for (int i = 0; i < 5000; ++i) all += open;
    all += middle;
    for (int i = 0; i < 5000; ++i) all += close;
    return all;
  };
  EXPECT_NE(refusal("{{ " + nested("(", "1", ")") + " }}"), "");
  EXPECT_NE(refusal("{{ " + nested("[", "", "]") + " }}"), "");
  EXPECT_NE(refusal("{{ " + nested("-", "1", "") + " }}"), "");
  EXPECT_NE(refusal("{{ " + nested("not ", "1", "") + " }}"), "");
  EXPECT_NE(refusal("{{ x" + nested(".a", "", "") + " }}"), "");
  EXPECT_NE(refusal("{{ x" + nested("|trim", "", "") + " }}"), "");
  EXPECT_NE(refusal("{{ 1" + nested("+1", "", "") + " }}"), "");
  EXPECT_NE(refusal("{{ 1" + nested(" if 1 else 1", "", "") + " }}"), "");
  EXPECT_NE(refusal(nested("{% if 1 %}", "", "{% endif %}")), "");
  EXPECT_NE(refusal("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"), "");
  EXPECT_NE(refusal(std::string(1'000'001, 'a')), "");
}

TEST(jinja, time_and_memory_are_bounded) {
  const std::string loops =
      "{% for a in range(100000) %}{% for b in range(100000) %}"
      "{% endfor %}{% endfor %}";
  EXPECT_EQ(refusal(loops, {.steps = 200'000}),
            "line 1: the template takes more than 200000 steps");
  EXPECT_EQ(refusal("{% for a in range(10) %}{{ a }}{% endfor %}", {.steps = 20}),
            "line 1: the template takes more than 20 steps");
  EXPECT_EQ(refusal("{% for a in range(1000) %}{{ s }}{% endfor %}", {.bytes = 1000}),
            "line 1: the template makes more than 1000 bytes of text");
  EXPECT_EQ(refusal("{{ range(1000000000) }}"),
            "line 1: range: 1000000000 numbers, expected at most 100000");
  EXPECT_NE(refusal("{{ 'a' * 1000000000000 }}"), "");
  EXPECT_NE(refusal("{{ [l] * 100000000 }}"), "");
  const auto bounded = [](std::string_view source) {
    return refusal(source, {.steps = 200'000, .bytes = 1'000'000});
  };
  // Doubling: text, lists of lists, and deep lists.
  EXPECT_NE(bounded("{% set n = namespace(v='ab') %}{% for i in range(100) %}"
                    "{% set n.v = n.v + n.v %}{% endfor %}{{ n.v }}"),
            "");
  EXPECT_NE(bounded("{% set n = namespace(v=[1, 1]) %}{% for i in range(100) %}"
                    "{% set n.v = [n.v, n.v] %}{% endfor %}{{ n.v }}"),
            "");
  EXPECT_NE(bounded("{% set n = namespace(v=[]) %}{% for i in range(100000) %}"
                    "{% set n.v = [n.v] %}{% endfor %}"),
            "");
  EXPECT_NE(bounded("{% set n = namespace(v='aaaaaaaa') %}{% for i in range(20) %}"
                    "{% set n.v = n.v.replace('a', 'aaaaaaaa') %}{% endfor %}"),
            "");
  EXPECT_NE(refusal("{{ d | tojson(indent=1000000000) }}"), "");
  EXPECT_NE(refusal("{{ ml | indent(1000000000) }}"), "");
}

TEST(jinja, white_space_rules_keep_what_blocks_take) {
  const std::string source = "a\n  {% if true %}\nb\n  {# no #}\n{% endif %}\nc\n";
  const auto shown = [&](text::jinja::whitespace_rules rules) {
    return text::jinja::evaluator::render(text::jinja::parser::parse(source, {}, rules), {});
  };
  // As jinja2 3.1 renders it with trim_blocks, lstrip_blocks and keep_trailing_newline.
  EXPECT_EQ(shown({}), "a\nb\nc");
  EXPECT_EQ(shown({false, false, true}), "a\n  \nb\n  \n\nc\n");
  EXPECT_EQ(shown({true, false, false}), "a\n  b\n  c");
  EXPECT_EQ(shown({false, true, true}), "a\n\nb\n\n\nc\n");
}

TEST(jinja, what_is_not_there_can_be_refused) {
  text::jinja::environment outside;
  outside.refuses_undefined = true;
  outside.globals = {{"d", text::jinja::dictionary{{"x", "1"}}}, {"l", text::jinja::list{}}};
  const auto shown = [&](std::string_view source) {
    return text::jinja::evaluator::render(text::jinja::parser::parse(source), outside);
  };
  const auto refused = [&](std::string_view source) { return error_of([&] { shown(source); }); };
  EXPECT_EQ(shown("{{ d.x }}{{ y is defined }}{{ d.y is undefined }}{{ y | default('z') }}"),
            "1FalseTruez");
  EXPECT_EQ(refused("a\n{{ y }}"), "line 2: 'y' is undefined");
  EXPECT_EQ(refused("{{ d.y }}"), "line 1: 'y' is undefined");
  EXPECT_EQ(refused("{{ d['y'] }}"), "line 1: 'y' is undefined");
  EXPECT_EQ(refused("{{ l[0] }}"), "line 1: 'item 0' is undefined");
  EXPECT_EQ(refused("{% if y %}{% endif %}"), "line 1: 'y' is undefined");
  EXPECT_EQ(refused("{% for a in y %}{% endfor %}"), "line 1: 'y' is undefined");
  EXPECT_EQ(refused("{{ y | trim }}"), "line 1: 'y' is undefined");
  EXPECT_EQ(refused("{{ y.z is defined }}"), "line 1: 'y' is undefined");
  EXPECT_EQ(refused("{{ d.x ~ y }}"), "line 1: 'y' is undefined");
}

TEST(jinja, an_expression_alone_has_a_value) {
  const auto value = [](std::string_view source) {
    const text::jinja::body all = text::jinja::parser::parse(source);
    return text::jinja::evaluator::value_of(all[0].expressions[0], {});
  };
  EXPECT_EQ(value("{{ ['a', 'b'] }}").items()->size(), 2u);
  EXPECT_EQ(*value("{{ 1 + 2 }}").integer(), 3);
  EXPECT_EQ(error_of([&] { value("{{ namespace() }}"); }), "the expression gives a namespace");
}

TEST(jinja, a_namespace_may_hold_itself) {
  EXPECT_EQ(rendered("{% set n = namespace() %}{% set n.n = n %}{{ n.n.n == n }}"), "True");
}

}  // namespace jinja_test
}  // namespace radlads::test
