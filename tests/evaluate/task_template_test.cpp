// SPDX-License-Identifier: Apache-2.0
// Sets written as templates: with the templates of lm-eval's own task files they make the documents
// that lm_eval_documents_test.cpp compares with lm-eval's.
#include "evaluate/made_documents.hpp"
#include "radlads/evaluate/task_file.hpp"
#include "radlads/evaluate/task_template.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace radlads::evaluate {
namespace {

using test::error_of;

files::json task_row(const std::string& text) { return files::parse_json(text, "row"); }

task_template choices(const std::string& text, const std::string& target,
                      const std::string& choice) {
  task_template t;
  t.task = "own";
  t.doc_to_text = text;
  t.doc_to_target = target;
  t.doc_to_choice = choice;
  return t;
}

/// The templates in lm-eval 0.4.13 of sets that need no Python.
std::vector<std::pair<std::string, task_template>> templates_of_lm_eval() {
  const std::string question = "Question: {{question}}\nAnswer:", index = "{{choices.label.index(";
  task_template lambada;
  lambada.task = "lambada_openai";
  lambada.form = task_form::likelihood;
  lambada.doc_to_text = "{{text.split(' ')[:-1]|join(' ')}}";
  lambada.doc_to_target = "{{' '+text.split(' ')[-1]}}";
  task_template boolq = choices(
      "{{passage}}\n"
      "Question: {{question}}?\nAnswer:",
      "label", "");
  boolq.choices = {"no", "yes"};
  task_template mmlu = choices(
      "{{question.strip()}}\nA. {{choices[0]}}\nB. {{choices[1]}}\n"
      "C. {{choices[2]}}\nD. {{choices[3]}}\nAnswer:",
      "answer", "");
  mmlu.choices = {"A", "B", "C", "D"};
  mmlu.description =
      "The following are multiple choice questions (with answers) about "
      "{{subject|replace('_', ' ')}}.\n\n";
  return {
      {"lambada_openai", lambada},
      {"piqa", choices("Question: {{goal}}\nAnswer:", "label", "{{[sol1, sol2]}}")},
      {"arc_easy", choices(question, index + "answerKey)}}", "{{choices.text}}")},
      {"openbookqa", choices("question_stem", index + "answerKey.lstrip())}}", "{{choices.text}}")},
      {"boolq", boolq},
      {"mmlu", mmlu}};
}

struct task_template_test : test::temporary_directory {};

TEST_F(task_template_test, templates_of_lm_eval_make_its_documents) {
  for (const auto& [name, t] : templates_of_lm_eval()) {
    SCOPED_TRACE(name);
    put(name + ".jsonl", test::made_lines(name, name, 50));
    put(name + ".fewshot.jsonl", test::made_lines(name, name + " examples", 24));
    task own = make_task(t);
    EXPECT_EQ(own.form, find_task(name)->form);
    EXPECT_EQ(own.part_key, "");
    own.part_key = find_task(name)->part_key;
    for (const std::size_t shots : {0u, 3u}) {
      const task_documents found = read_task(directory_, name, own, shots);
      const task_documents wanted = read_task(directory_, name, shots);
      ASSERT_EQ(found.parts.size(), wanted.parts.size());
      for (const auto& [part, documents] : wanted.parts) {
        const std::vector<document>& others = found.parts.at(part);
        ASSERT_EQ(others.size(), documents.size());
        for (std::size_t i = 0; i < documents.size(); ++i) {
          EXPECT_EQ(others[i].options, documents[i].options);
          EXPECT_EQ(others[i].gold, documents[i].gold);
          EXPECT_EQ(others[i].lengths, documents[i].lengths);
        }
      }
    }
  }
}

TEST(task_template, delimiters_and_figures_are_those_that_are_given) {
  task_template t = choices("{{q}}", "{{a}}", "{{c}}");
  t.target_delimiter = " -> ";
  t.fewshot_delimiter = "\n###\n";
  t.metrics = {"acc_norm"};
  t.version = "3.1";
  const task own = make_task(t);
  EXPECT_EQ(own.metrics, t.metrics);
  EXPECT_EQ(own.version, "3.1");
  const document d = own.make(task_row(R"({"q": "Q", "a": "y", "c": ["x", "y"]})"), "w");
  EXPECT_EQ(d.options, (std::vector<scored_text>{{"Q", " -> x"}, {"Q", " -> y"}}));
  EXPECT_EQ(d.gold, 1u);
  EXPECT_EQ(detail::example_text(own, d), "Q -> y\n###\n");
  EXPECT_EQ(make_task(choices("q", "a", "c")).metrics,
            (std::vector<std::string>{"acc", "acc_norm"}));
}

TEST(task_template, white_space_of_templates_stays) {
  const task own = make_task(choices("{{q}}\n{% if true %}\n  x{% endif %}\n", "0", "c"));
  EXPECT_EQ(own.make(task_row(R"({"q": "Q", "c": ["x"]})"), "w").options[0].context, "Q\n\n  x\n");
}

TEST(task_template, targets_are_numbers_or_texts) {
  const std::string start = R"({"q": "Q", "c": ["7", "1", "0"], "a": )";
  const auto gold = [&](const std::string& target, const std::string& value) {
    return make_task(choices("q", target, "c")).make(task_row(start + value + "}"), "w").gold;
  };
  EXPECT_EQ(gold("a", "2"), 2u);
  EXPECT_EQ(gold("a", "true"), 1u);
  // A text field is a choice's own text, what a template makes of it a number.
  EXPECT_EQ(gold("a", "\"0\""), 2u);
  EXPECT_EQ(gold("{{a}}", "\"0\""), 0u);
  EXPECT_EQ(gold("{{a - 1}}", "2"), 1u);
}

TEST(task_template, answers_are_generated) {
  task_template t;
  t.task = "own";
  t.form = task_form::generation;
  t.doc_to_text = "Q: {{q}}\nA:";
  t.doc_to_target = "a";
  t.generation = {{"\n"}, 12};
  const task own = make_task(t);
  EXPECT_EQ(own.metrics, metrics_of(task_form::generation));
  EXPECT_EQ(own.generation.max_tokens, 12);
  const document d = own.make(task_row(R"({"q": "1+1", "a": 2})"), "w");
  EXPECT_EQ(d.options, (std::vector<scored_text>{{"Q: 1+1\nA:", "2"}}));
  EXPECT_EQ(detail::example_text(own, d), "Q: 1+1\nA: 2\n\n");
}

std::string refusal(const task_template& t, const std::string& text) {
  return error_of([&] { make_task(t).make(task_row(text), "f.jsonl, line 2"); });
}

TEST(task_template, rows_that_do_not_fit_are_refused) {
  const task_template t = choices("{{q}}", "{{a}}", "{{c}}");
  EXPECT_EQ(refusal(t, R"({"a": 0, "c": ["x"]})"),
            "f.jsonl, line 2: doc_to_text: line 1: 'q' is undefined");
  EXPECT_EQ(refusal(choices("q", "a", "c.text"), R"({"q": "Q", "a": 0, "c": ["x"]})"),
            "f.jsonl, line 2: doc_to_choice: expected a list of texts, found a string");
  EXPECT_EQ(refusal(choices("q", "a", "{{c.text}}"), R"({"q": "Q", "a": 0, "c": ["x"]})"),
            "f.jsonl, line 2: doc_to_choice: line 1: 'text' is undefined");
  EXPECT_EQ(refusal(t, R"({"q": "Q", "a": 0, "c": []})"),
            "f.jsonl, line 2: doc_to_choice: there are no choices");
  EXPECT_EQ(refusal(t, R"({"q": "Q", "a": 0, "c": [3]})"),
            "f.jsonl, line 2: doc_to_choice: a choice is an integer, expected a text");
  EXPECT_EQ(refusal(t, R"({"q": "Q", "a": 1, "c": ["x"]})"),
            "f.jsonl, line 2: doc_to_target: 1 is the number of no choice, expected 0 to 0");
  EXPECT_EQ(refusal(t, R"({"q": "Q", "a": -1, "c": ["x"]})"),
            "f.jsonl, line 2: doc_to_target: -1 is the number of no choice, expected 0 to 0");
  EXPECT_EQ(refusal(t, R"({"q": "Q", "a": "z", "c": ["x"]})"),
            "f.jsonl, line 2: doc_to_target: \"z\" is none of the choices");
  EXPECT_EQ(refusal(t, R"({"q": "1", "a": 0, "c": ["x"]})"),
            "f.jsonl, line 2: doc_to_text: the text is the number 1, which lm-eval takes for that "
            "of a choice; expected a context");
  EXPECT_EQ(refusal(t, "[1]"), "f.jsonl, line 2: expected an object, found [1]");
  task_template answer;
  answer.task = "own";
  answer.form = task_form::likelihood;
  answer.doc_to_target = "{{a}}";
  EXPECT_EQ(refusal(answer, R"({"a": ""})"), "f.jsonl, line 2: doc_to_target: the text is empty");
  answer.description = "{{b}}";
  EXPECT_EQ(error_of([&] { make_task(answer).describe(task_row("{}"), "f.jsonl, line 2"); }),
            "f.jsonl, line 2: description: line 1: 'b' is undefined");
}

TEST(task_template, descriptions_that_do_not_fit_are_refused) {
  const auto refused = [](const task_template& t) { return error_of([&] { make_task(t); }); };
  task_template t = choices("q", "a", "c");
  t.task = "";
  EXPECT_EQ(refused(t), "task is missing");
  t = choices("q", "", "c");
  EXPECT_EQ(refused(t), "doc_to_target is missing");
  t = choices("q", "a", "");
  EXPECT_EQ(refused(t), "doc_to_choice is missing");
  t.form = task_form::likelihood;
  t.choices = {"x"};
  EXPECT_EQ(refused(t), "doc_to_choice belongs to output_type multiple_choice");
  t = choices("{{q", "a", "c");
  EXPECT_EQ(refused(t), "doc_to_text: line 1: {{ has no }}");
  t = choices("q", "a", "c");
  t.metrics = {"acc", "f1"};
  EXPECT_EQ(refused(t),
            "metric_list: f1 is no figure of this output_type; they are acc and acc_norm");
  t.metrics = {"acc", "acc"};
  EXPECT_EQ(refused(t), "metric_list: acc is there twice");
  t = choices("", "a", "");
  t.form = task_form::generation;
  EXPECT_EQ(refused(t), "doc_to_text is missing");
  t.doc_to_text = "q";
  t.metrics = {"acc"};
  EXPECT_EQ(
      refused(t),
      "metric_list: acc is no figure of this output_type; they are exact_match and prefix_match");
}

}  // namespace
}  // namespace radlads::evaluate
