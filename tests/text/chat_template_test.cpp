// SPDX-License-Identifier: Apache-2.0
// Templates of four manners in which models take conversations; the expected text is that of
// jinja2 3.1.6 with the settings of transformers 5.24.
#include "radlads/text/chat_template.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <ctime>
#include <string>
#include <utility>
#include <vector>

namespace radlads::test {
namespace chat_template_test {

namespace jinja = text::jinja;
using text::chat_message;
using text::chat_template;

/// Functions in front, calls and their results in between.
constexpr const char* with_tools = R"jinja({%- if tools %}
    {{- '<|begin|>system\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] + '\n\n' }}
    {%- endif %}
    {{- "Functions:" }}
    {%- for tool in tools %}
        {{- "\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\n<|end|>\n" }}
{%- elif messages[0].role == 'system' %}
    {{- '<|begin|>system\n' + messages[0].content + '<|end|>\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|begin|>' + message.role + '\n' + message.content + '<|end|>' + '\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|begin|>' + message.role }}
        {%- for call in message.tool_calls %}
            {%- if call.function is defined %}
                {%- set call = call.function %}
            {%- endif %}
            {{- '\n<call>{"name": "' }}{{ call.name }}{{- '", "arguments": ' }}
            {{- call.arguments | tojson }}
            {{- '}</call>' }}
        {%- endfor %}
        {{- '<|end|>\n' }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|begin|>user' }}
        {%- endif %}
        {{- '\n' + message.content }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|end|>\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|begin|>assistant\n' }}
{%- endif %}
)jinja";

/// A date, and a system message that is always there.
constexpr const char* with_date = R"jinja({{- bos_token }}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "1 Jan 2024" %}
    {%- endif %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "[system]\nToday: " + date_string + "\n" }}
{{- system_message }}
{{- "[end]" }}
{%- for message in messages %}
    {{- '[' + message['role'] + ']\n'+ message['content'] | trim + '[end]' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '[assistant]\n' }}
{%- endif %}
)jinja";

/// Turns that must alternate; the system message stands with the last question.
constexpr const char* alternating = R"jinja({%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set rest = messages[1:] %}
{%- else %}
    {%- set rest = messages %}
{%- endif %}
{%- set asked = rest | selectattr("role", "equalto", "user") | list %}
{#- Turns alternate. #}
{%- set ns = namespace(index=0) %}
{%- for message in rest %}
    {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
        {{- raise_exception("turns must alternate") }}
    {%- endif %}
    {%- set ns.index = ns.index + 1 %}
{%- endfor %}
{{- bos_token }}
{%- for message in rest %}
    {%- if message["role"] == "user" %}
        {%- if message == asked[-1] and system_message is defined %}
            {{- "[Q] " + system_message + "\n\n" + message["content"] + " [/Q]" }}
        {%- else %}
            {{- "[Q] " + message["content"] + " [/Q]" }}
        {%- endif %}
    {%- else %}
        {{- " " + message["content"]|trim + eos_token }}
    {%- endif %}
{%- endfor %}
)jinja";

/// One line with a system message of its own.
constexpr const char* one_line =
    R"jinja({% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<s>system
Be kind</s>
' }}{% endif %}{{'<s>' + message['role'] + '
' + message['content'] + '</s>' + '
'}}{% endfor %}{% if add_generation_prompt %}{{ '<s>assistant
' }}{% endif %})jinja";

/// A question, a call of a function, two results, a question.
constexpr const char* calls =
    R"json([{"role": "user", "content": "w"}, {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "weather", "arguments": {"city": "Köln"}}}]}, {"role": "tool", "content": "1"}, {"role": "tool", "content": "2"}, {"role": "user", "content": "next"}])json";
constexpr const char* weather =
    R"json({"type": "function", "function": {"name": "weather", "description": "Of a \"city\" <now>", "parameters": {"city": {"type": "string", "default": "Köln"}, "days": 1.5, "any": null}}})json";

const std::vector<chat_message> talk{{"system", " Be brief.\n"},
                                     {"user", " Hi "},
                                     {"assistant", " Hello "},
                                     {"user", "Wie geht's? \u00fc"}};
const std::vector<std::pair<std::string, std::string>> tokens{{"bos_token", "<b>"},
                                                              {"eos_token", "</e>"}};

std::tm some_day() {
  std::tm day{};
  day.tm_year = 124;
  day.tm_mon = 6;
  day.tm_mday = 26;
  return day;
}
std::string rendered(const char* source, const std::vector<chat_message>& messages) {
  return chat_template(source).render(text::chat_environment(messages, true, tokens, some_day()));
}

TEST(chat_template, renders_conversations) {
  EXPECT_EQ(
      rendered(with_tools, talk),
      "<|begin|>system\n Be brief.\n<|end|>\n<|begin|>user\n Hi <|end|>\n<|begin|>assistant\n "
      "Hello <|end|>\n<|begin|>user\nWie geht's? \u00fc<|end|>\n<|begin|>assistant\n");
  EXPECT_EQ(rendered(with_date, talk),
            "<b>[system]\nToday: 26 Jul 2024\nBe brief.[end][user]\nHi[end][assistant]\nHello[end]"
            "[user]\nWie geht's? \u00fc[end][assistant]\n");
  EXPECT_EQ(rendered(alternating, talk),
            "<b>[Q]  Hi  [/Q] Hello</e>[Q]  Be brief.\n\n\nWie geht's? \u00fc [/Q]");
  EXPECT_EQ(rendered(one_line, talk),
            "<s>system\n Be brief.\n</s>\n<s>user\n Hi </s>\n<s>assistant\n Hello "
            "</s>\n<s>user\nWie geht's? \u00fc</s>\n<s>assistant\n");
}

TEST(chat_template, renders_a_first_question) {
  const std::vector<chat_message> question{{"user", "Hi"}};
  EXPECT_EQ(rendered(with_tools, question), "<|begin|>user\nHi<|end|>\n<|begin|>assistant\n");
  EXPECT_EQ(rendered(with_date, question),
            "<b>[system]\nToday: 26 Jul 2024\n[end][user]\nHi[end][assistant]\n");
  EXPECT_EQ(rendered(alternating, question), "<b>[Q] Hi [/Q]");
  EXPECT_EQ(rendered(one_line, question),
            "<s>system\nBe kind</s>\n<s>user\nHi</s>\n<s>assistant\n");
}

TEST(chat_template, renders_functions_calls_and_results) {
  jinja::environment outside;
  const auto json = [](const char* source) {
    return jinja::from_json(nlohmann::ordered_json::parse(source));
  };
  outside.globals = {{"messages", json(calls)},
                     {"tools", jinja::list{json(weather)}},
                     {"add_generation_prompt", true}};
  EXPECT_EQ(
      chat_template(with_tools).render(outside),
      R"(<|begin|>system
Functions:
{"type": "function", "function": {"name": "weather", "description": "Of a \"city\" <now>", )"
      R"("parameters": {"city": {"type": "string", "default": "Köln"}, "days": 1.5, "any": null}}}
<|end|>
<|begin|>user
w<|end|>
<|begin|>assistant
<call>{"name": "weather", "arguments": {"city": "Köln"}}</call><|end|>
<|begin|>user
1
2<|end|>
<|begin|>user
next<|end|>
<|begin|>assistant
)");
}

TEST(chat_template, refusals_name_template_and_line) {
  const auto refusal = [](const char* source) {
    return error_of([&] {
      chat_template(source, "chat_template.jinja")
          .render(text::chat_environment({{"assistant", "x"}}, true, tokens, some_day()));
    });
  };
  EXPECT_EQ(refusal(alternating),
            "chat_template.jinja: line 12: the template refuses this: turns must alternate");
  EXPECT_EQ(refusal("\n{% if messages %}"),
            "chat_template.jinja: line 2: the block that is open since line 2 has no {% endif %}");
}

}  // namespace chat_template_test
}  // namespace radlads::test
