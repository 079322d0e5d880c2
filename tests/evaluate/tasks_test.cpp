// SPDX-License-Identifier: Apache-2.0
// What rows may not be, and the general forms; texts of the named sets are in task_file_test.cpp.
#include "radlads/evaluate/tasks.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace radlads::evaluate {
namespace {

using test::error_of;

files::json row(const std::string& text) { return files::parse_json(text, "row"); }

document made(const std::string& name, const std::string& text) {
  return find_task(name)->make(row(text), "f.jsonl, line 3");
}
std::string refusal(const std::string& name, const std::string& text) {
  return error_of([&] { made(name, text); });
}

TEST(tasks, names_are_those_of_the_table) {
  for (const task& each : named_tasks) EXPECT_EQ(find_task(each.name), &each);
  EXPECT_EQ(find_task("wikitext"), nullptr);
  EXPECT_EQ(find_task(""), nullptr);
}

TEST(tasks, missing_fields_are_named_with_their_line) {
  EXPECT_EQ(refusal("piqa", R"({"goal": "g", "sol1": "a", "label": 0})"),
            "f.jsonl, line 3: key \"sol2\" is missing; expected a string");
  EXPECT_EQ(refusal("lambada_openai", R"({"txt": "a b"})"),
            "f.jsonl, line 3: key \"text\" is missing; expected a string");
  EXPECT_EQ(refusal("piqa", R"({"goal": "g", "sol1": "a", "sol2": 3, "label": 0})"),
            "f.jsonl, line 3: \"sol2\" must be a string, found 3");
  EXPECT_EQ(refusal("blimp", "[1]"),
            "f.jsonl, line 3: expected an object with key \"sentence_good\", found [1]");
}

TEST(tasks, unknown_answers_are_refused) {
  EXPECT_EQ(refusal("piqa", R"({"goal": "g", "sol1": "a", "sol2": "b", "label": 2})"),
            "f.jsonl, line 3: \"label\" is 2, expected a choice from 0 to 1");
  EXPECT_EQ(refusal("piqa", R"({"goal": "g", "sol1": "a", "sol2": "b", "label": -1})"),
            "f.jsonl, line 3: \"label\" is -1, expected a choice from 0 to 1");
  EXPECT_EQ(refusal("hellaswag", R"({"activity_label": "a", "ctx_a": "b", "ctx_b": "c",
                    "endings": ["d", "e"], "label": ""})"),
            "f.jsonl, line 3: \"label\" is \"\", expected a number");
  EXPECT_EQ(refusal("arc_easy", R"({"question": "q", "answerKey": "E",
                  "choices": {"text": ["a", "b"], "label": ["A", "B"]}})"),
            "f.jsonl, line 3: \"answerKey\" is \"E\", which is the label of no choice");
  EXPECT_EQ(refusal("winogrande",
                    R"({"sentence": "a _ b", "option1": "x", "option2": "y", "answer": ""})"),
            "f.jsonl, line 3: \"answer\" is \"\", expected a number");
  EXPECT_EQ(refusal("winogrande",
                    R"({"sentence": "a _ b", "option1": "x", "option2": "y", "answer": "3"})"),
            "f.jsonl, line 3: \"answer\" is 3, expected 1 or 2");
  EXPECT_EQ(refusal("copa", R"({"premise": "p.", "choice1": "a", "choice2": "b",
                    "question": "why", "label": 0})"),
            "f.jsonl, line 3: \"question\" is \"why\", expected cause or effect");
}

TEST(tasks, rows_that_make_no_question_are_refused) {
  EXPECT_EQ(refusal("arc_easy", R"({"question": "q", "answerKey": "A",
                  "choices": {"text": ["a", "b"], "label": ["A"]}})"),
            "f.jsonl, line 3: 2 choices have 1 labels");
  EXPECT_EQ(refusal("winogrande",
                    R"({"sentence": "a b", "option1": "x", "option2": "y", "answer": "1"})"),
            "f.jsonl, line 3: \"sentence\" has no _");
  EXPECT_EQ(refusal("mmlu", R"({"question": "q", "choices": ["a", "b", "c"], "answer": 0})"),
            "f.jsonl, line 3: 3 choices, expected 4");
  EXPECT_EQ(refusal("hellaswag", R"({"activity_label": "a", "ctx_a": "b", "ctx_b": "c",
                    "endings": [], "label": 0})"),
            "f.jsonl, line 3: there are no choices");
}

TEST(tasks, boolq_has_two_spellings_of_its_answer) {
  const std::string start = R"({"passage": "p", "question": "q", )";
  EXPECT_EQ(made("boolq", start + R"("label": 1})").gold, 1u);
  EXPECT_EQ(made("boolq", start + R"("answer": true})").gold, 1u);
  EXPECT_EQ(made("boolq", start + R"("answer": false})").gold, 0u);
}

TEST(tasks, choices_of_the_general_form_follow_a_space) {
  const files::json r = row(R"({"query": "Q:", "choices": ["a", " b", "é"], "gold": 2})");
  const task& kind = general_task(r, "w");
  EXPECT_EQ(kind.form, task_form::choice);
  const document d = kind.make(r, "w");
  EXPECT_EQ(d.options, (std::vector<scored_text>{{"Q:", " a"}, {"Q:", " b"}, {"Q:", " é"}}));
  EXPECT_EQ(d.lengths, (std::vector<std::int64_t>{1, 2, 1}));
  EXPECT_EQ(d.gold, 2u);
}

TEST(tasks, contexts_of_the_general_form_share_a_continuation) {
  const files::json r =
      row(R"({"context_options": ["the cat", "the dog "], "continuation": "ran.", "gold": 0})");
  const document d = general_task(r, "w").make(r, "w");
  EXPECT_EQ(d.options, (std::vector<scored_text>{{"the cat", " ran."}, {"the dog ", "ran."}}));
  EXPECT_TRUE(d.lengths.empty());
}

TEST(tasks, a_single_continuation_is_a_likelihood) {
  const files::json r = row(R"({"context": "", "continuation": "ran."})");
  const task& kind = general_task(r, "w");
  EXPECT_EQ(kind.form, task_form::likelihood);
  EXPECT_EQ(kind.make(r, "w").options, (std::vector<scored_text>{{"", "ran."}}));
}

TEST(tasks, written_answers_are_continuations_or_right_choices) {
  for (const task& each : written_tasks) {
    EXPECT_EQ(find_task(each.name), &each);
    EXPECT_EQ(each.form, task_form::generation);
  }
  EXPECT_EQ(made("arithmetic", R"({"context": "1 + 1 =", "continuation": " 2"})").options,
            (std::vector<scored_text>{{"1 + 1 =", " 2"}}));
  EXPECT_EQ(made("repeat_copy", R"({"context": "Q\nA:", "continuation": "a a"})").options,
            (std::vector<scored_text>{{"Q\nA:", " a a"}}));
  const document d = made("arithmetic", R"({"query": "Q:", "choices": ["a", "b"], "gold": 1})");
  EXPECT_EQ(d.options, (std::vector<scored_text>{{"Q:", " b"}}));
  EXPECT_EQ(d.gold, 0u);
  EXPECT_EQ(refusal("arithmetic", R"({"context": "1"})"),
            "f.jsonl, line 3: key \"continuation\" is missing; expected a string");
  EXPECT_EQ(refusal("arithmetic", "7"), "f.jsonl, line 3: expected an object, found 7");
}

TEST(tasks, other_rows_have_no_general_form) {
  const std::string forms =
      ": no set of a known name; expected the fields query, choices and gold, or context_options, "
      "continuation and gold, or context and continuation";
  EXPECT_EQ(error_of([] { general_task(row(R"({"context": "a", "answer": "b"})"), "w"); }),
            "w" + forms);
  EXPECT_EQ(error_of([] { general_task(row("3"), "w"); }), "w: expected an object, found 3");
  const auto refused = [](const std::string& text) {
    const files::json r = row(text);
    return error_of([&] { general_task(r, "w").make(r, "w"); });
  };
  EXPECT_EQ(refused(R"({"query": "q", "choices": ["a"], "gold": 1})"),
            "w: \"gold\" is 1, expected a choice from 0 to 0");
  EXPECT_EQ(refused(R"({"query": "", "choices": ["a", ""], "gold": 1})"), "w: a choice is empty");
  EXPECT_EQ(refused(R"({"context": "q", "continuation": ""})"), "w: \"continuation\" is empty");
}

}  // namespace
}  // namespace radlads::evaluate
