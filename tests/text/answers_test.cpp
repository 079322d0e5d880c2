// SPDX-License-Identifier: Apache-2.0
// Answers are where the templates of chat models put them, and what cannot be told is refused.

#include "radlads/text/answers.hpp"
#include "support/error_of.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::text {
namespace answers_test {

using strings = std::vector<std::string>;
using messages = std::vector<chat_message>;

constexpr const char* chatml =
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

const messages conversation{{"system", "Be short."},
                            {"user", "One?"},
                            {"assistant", "Two."},
                            {"user", "Three?"},
                            {"assistant", "<|im_start|> four"}};

model_chat chat_of(const std::string& source) {
  return {chat_template(source), {{"eos_token", "</s>"}}};
}

strings answers_of(const conversation_text& made) {
  strings found;
  for (const text_span& each : made.answers) {
    found.push_back(made.text.substr(each.begin, each.end - each.begin));
  }
  return found;
}

std::string refusal(const std::string& source, const messages& given) {
  return test::error_of([&] { mark_answers(chat_of(source), given, "a.jsonl, line 3"); });
}

TEST(answers_test, an_answer_ends_with_what_the_template_ends_it_with) {
  const conversation_text made = mark_answers(chat_of(chatml), conversation, "a.jsonl, line 3");
  EXPECT_EQ(made.text,
            "<|im_start|>system\nBe short.<|im_end|>\n<|im_start|>user\nOne?<|im_end|>\n"
            "<|im_start|>assistant\nTwo.<|im_end|>\n<|im_start|>user\nThree?<|im_end|>\n"
            "<|im_start|>assistant\n<|im_start|> four<|im_end|>\n");
  EXPECT_EQ(answers_of(made), (strings{"Two.<|im_end|>\n", "<|im_start|> four<|im_end|>\n"}));
}

TEST(answers_test, a_template_without_a_prompt_for_answers_has_them_behind_the_question) {
  const conversation_text made = mark_answers(
      chat_of("{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} "
              "[/INST]{% else %}{{ m.content }}{{ eos_token }}{% endif %}{% endfor %}"),
      {{"user", "One?"}, {"assistant", "Two."}}, "a");
  EXPECT_EQ(made.text, "[INST] One? [/INST]Two.</s>");
  EXPECT_EQ(answers_of(made), strings{"Two.</s>"});
}

TEST(answers_test, the_date_is_the_same_every_day) {
  const conversation_text made =
      mark_answers(chat_of(std::string("{{ strftime_now('%d %b %Y') }} ") + chatml),
                   {{"user", "a"}, {"assistant", "b"}}, "a");
  EXPECT_TRUE(made.text.starts_with("26 Jul 2024 ")) << made.text;
}

TEST(answers_test, rejects_a_conversation_without_an_answer) {
  EXPECT_TRUE(test::says(refusal(chatml, {{"user", "One?"}}),
                         {"a.jsonl, line 3", "no message of the assistant"}));
  EXPECT_TRUE(test::says(refusal(chatml, {{"user", "One?"}, {"assistant", " \n"}}),
                         {"a.jsonl, line 3", "message 2", "an answer without text"}));
}

TEST(answers_test, rejects_a_template_whose_beginnings_change) {
  // The system message stands in front of the last question, as Mistral's template has it.
  const std::string last =
      "{% for m in messages %}{% if loop.last %}[system]{% endif %}{{ m.content }}{% endfor %}";
  EXPECT_TRUE(test::says(refusal(last, conversation),
                         {"a.jsonl, line 3", "the first 3 messages", "no beginning"}));
  // The prompt for an answer has more than the answer begins with.
  const std::string thinking =
      "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
      "{% if add_generation_prompt %}assistant: <think>{% endif %}";
  EXPECT_TRUE(test::says(refusal(thinking, conversation), {"a.jsonl, line 3", "no beginning"}));
}

TEST(answers_test, the_refusal_of_a_template_names_the_row) {
  EXPECT_TRUE(test::says(refusal("{{ raise_exception('No system here.') }}", conversation),
                         {"a.jsonl, line 3", "No system here."}));
}

/// Ids of pairs of letters, from the left: a token may lie across a boundary.
std::vector<std::int32_t> pairs(std::string_view text) {
  std::vector<std::int32_t> ids;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::string_view pair = text.substr(i, 2);
    ids.push_back(pair[0] * 256 + (pair.size() > 1 ? pair[1] : 0));
  }
  return ids;
}

TEST(answers_test, tokens_across_a_boundary_go_with_what_begins) {
  // "ab", "cd" | "e", "fg": the answers are bytes 3 to 5 and 6 to 7.
  const conversation_text made{"abcdefg", {{3, 5}, {6, 7}}};
  const std::vector<text_span> found = answer_tokens(made, pairs(made.text), pairs);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].begin, 1u);  // "cd" has the first letter of the answer
  EXPECT_EQ(found[0].end, 2u);    // "ef" is not
  EXPECT_EQ(found[1].begin, 3u);
  EXPECT_EQ(found[1].end, 4u);
}

}  // namespace answers_test
}  // namespace radlads::text
