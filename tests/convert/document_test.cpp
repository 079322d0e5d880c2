// SPDX-License-Identifier: Apache-2.0
#include "radlads/convert/document.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <string>

namespace radlads::convert {
namespace document_test {

class document_test : public test::temporary_directory {
 protected:
  document_test() {
    put("tokenizer_config.json",
        R"({"chat_template": "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"})");
  }

  static data::text_row conversation() {
    data::text_row row;
    row.place = "chat.jsonl: line 1";
    row.messages = {{"user", "Hello"}, {"assistant", "Hi"}};
    return row;
  }
};

TEST_F(document_test, a_text_stays_as_it_is) {
  data::text_row row;
  row.text = "plain";
  const document d = document_maker(directory_, false)(std::move(row));
  EXPECT_EQ(d.text, "plain");
  EXPECT_FALSE(d.is_chat);
  EXPECT_EQ(d.size(), 5u);
}

TEST_F(document_test, a_conversation_has_the_form_of_the_template) {
  const document d = document_maker(directory_, false)(conversation());
  EXPECT_EQ(d.text, "[user]Hello[assistant]Hi");
  EXPECT_TRUE(d.is_chat);
  EXPECT_TRUE(d.answers.empty());
}

TEST_F(document_test, answers_are_marked_where_they_are_asked_for) {
  const document d = document_maker(directory_, true)(conversation());
  ASSERT_EQ(d.answers.size(), 1u);
  EXPECT_EQ(d.text.substr(d.answers[0].begin, d.answers[0].end - d.answers[0].begin), "Hi");
}

TEST_F(document_test, rejects_a_text_where_answers_are_asked_for) {
  data::text_row row;
  row.text = "plain";
  row.place = "a.jsonl: line 3";
  EXPECT_EQ(test::error_of([&] {
              document_maker(directory_, true)(std::move(row));
            }).find("a.jsonl: line 3: is no conversation"),
            0u);
}

}  // namespace document_test
}  // namespace radlads::convert
