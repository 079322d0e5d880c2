// SPDX-License-Identifier: Apache-2.0
// Texts of every named set, against what lm-eval 0.4.13 makes of the same rows;
// data/lm_eval_cases.json holds the rows, the examples, and the texts, answers and lengths that its
// tasks returned.
#include "radlads/evaluate/task_file.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace radlads::evaluate {
namespace {

using test::error_of;

const files::json& cases() {
  static const files::json all =
      files::read_json(RADLADS_SOURCE_DIR "/tests/evaluate/data/lm_eval_cases.json");
  return all;
}

std::string lines_of(const files::json& rows) {
  std::string text;
  for (const files::json& row : rows) text += row.dump() + "\n";
  return text;
}

struct task_file : test::temporary_directory {
  std::string refusal(const std::string& name, std::size_t shots = 0) const {
    std::string text = error_of([&] { read_task(directory_, name, shots); });
    const std::string folder = directory_.string() + "/";
    for (std::size_t at; (at = text.find(folder)) != std::string::npos;)
      text.erase(at, folder.size());
    return text;
  }
};

/// The texts, answers and lengths of some documents of each part are those that are expected.
void expect_documents(const task_documents& found, const files::json& expected) {
  for (const auto& [part, documents] : expected.items()) {
    ASSERT_TRUE(found.parts.contains(part)) << part;
    const std::vector<document>& own = found.parts.at(part);
    ASSERT_GE(own.size(), documents.size());
    for (std::size_t i = 0; i < documents.size(); ++i) {
      const files::json& wanted = documents[i];
      SCOPED_TRACE(wanted.dump());
      ASSERT_EQ(own[i].options.size(), wanted["options"].size());
      for (std::size_t j = 0; j < own[i].options.size(); ++j) {
        EXPECT_EQ(own[i].options[j].context, wanted["options"][j][0].get<std::string>());
        EXPECT_EQ(own[i].options[j].continuation, wanted["options"][j][1].get<std::string>());
      }
      EXPECT_EQ(own[i].gold, wanted.value("gold", std::size_t{0}));
      if (wanted.contains("lengths")) {
        EXPECT_EQ(own[i].lengths, wanted["lengths"].get<std::vector<std::int64_t>>());
      }
    }
  }
}

TEST_F(task_file, texts_are_those_of_lm_eval) {
  EXPECT_EQ(cases().size(), named_tasks.size());
  for (const auto& [name, each] : cases().items()) {
    SCOPED_TRACE(name);
    put(name + ".jsonl", lines_of(each["rows"]));
    const task_documents found = read_task(directory_, name);
    EXPECT_EQ(found.kind.name, name);
    EXPECT_EQ(found.parts.size(), each["expected"].size());
    expect_documents(found, each["expected"]);
  }
}

TEST_F(task_file, examples_are_joined_as_lm_eval_joins_them) {
  for (const auto& [name, each] : cases().items()) {
    if (each["examples"].empty()) continue;
    SCOPED_TRACE(name);
    put(name + ".jsonl", lines_of(each["rows"]));
    put(name + ".fewshot.jsonl", lines_of(each["examples"]));
    const task_documents found = read_task(directory_, name, 2);
    EXPECT_EQ(found.shots, 2u);
    expect_documents(found, each["with_two"]);
  }
}

TEST_F(task_file, blimp_has_no_examples) {
  put("blimp.jsonl", lines_of(cases()["blimp"]["rows"]));
  const task_documents found = read_task(directory_, "blimp", 5);
  EXPECT_EQ(found.shots, 0u);
  expect_documents(found, cases()["blimp"]["expected"]);
}

TEST_F(task_file, limit_keeps_the_first_of_each_part) {
  put("mmlu.jsonl", lines_of(cases()["mmlu"]["rows"]));
  const task_documents found = read_task(directory_, "mmlu", 0, 1);
  ASSERT_EQ(found.parts.size(), 3u);
  for (const auto& [part, documents] : found.parts) {
    ASSERT_EQ(documents.size(), 1u) << part;
    EXPECT_EQ(documents[0].options[0].context,
              cases()["mmlu"]["expected"][part][0]["options"][0][0].get<std::string>());
  }
  put("piqa.jsonl", lines_of(cases()["piqa"]["rows"]) + "not read\n");
  EXPECT_EQ(read_task(directory_, "piqa", 0, 5).parts.at("").size(), 5u);
}

TEST_F(task_file, other_names_have_a_general_form) {
  put("own.jsonl",
      "\n{\"query\": \"q\", \"choices\": [\"a\", \"b\"], \"gold\": 1}\r\n \n"
      "{\"query\": \"r\", \"choices\": [\"c\"], \"gold\": 0}");
  put("own.fewshot.jsonl", "{\"query\": \"x\", \"choices\": [\"y\"], \"gold\": 0}\n");
  const task_documents found = read_task(directory_, "own", 1);
  ASSERT_EQ(found.parts.at("").size(), 2u);
  EXPECT_EQ(found.parts.at("")[0].options[1], (scored_text{"x y\n\nq", " b"}));
  EXPECT_EQ(found.parts.at("")[1].options[0], (scored_text{"x y\n\nr", " c"}));
}

TEST_F(task_file, bad_files_are_refused_by_line) {
  put("piqa.jsonl", "");
  EXPECT_EQ(refusal("piqa"), "piqa.jsonl: holds no documents");
  put("piqa.jsonl", "\n \n");
  EXPECT_EQ(refusal("piqa"), "piqa.jsonl: holds no documents");
  const std::string row = "{\"goal\": \"g\", \"sol1\": \"a\", \"sol2\": \"b\", \"label\": 0}\n";
  put("piqa.jsonl", row + "\n{\"goal\": \"g\", \"sol2\": \"b\", \"label\": 0}\n");
  EXPECT_EQ(refusal("piqa"), "piqa.jsonl, line 3: key \"sol1\" is missing; expected a string");
  put("piqa.jsonl", row + "{\"goal\": \n");
  EXPECT_TRUE(refusal("piqa").starts_with("piqa.jsonl, line 2: not valid JSON")) << refusal("piqa");
  EXPECT_NE(refusal("boolq"), "");
  put("own.jsonl", "{\"context\": \"a\", \"continuation\": \"b\"}\n{\"context\": \"a\"}\n");
  EXPECT_EQ(refusal("own"),
            "own.jsonl, line 2: key \"continuation\" is missing; expected a string");
  put("mmlu.jsonl",
      "{\"question\": \"q\", \"choices\": [\"a\", \"b\", \"c\", \"d\"], \"answer\": 0}\n");
  EXPECT_EQ(refusal("mmlu"), "mmlu.jsonl, line 1: key \"subject\" is missing; expected a string");
}

TEST_F(task_file, missing_examples_are_refused) {
  put("mmlu.jsonl", lines_of(cases()["mmlu"]["rows"]));
  EXPECT_NE(refusal("mmlu", 1), "");
  put("mmlu.fewshot.jsonl", "");
  EXPECT_EQ(refusal("mmlu", 1), "mmlu.fewshot.jsonl: holds no examples");
  files::json examples = cases()["mmlu"]["examples"];
  put("mmlu.fewshot.jsonl", lines_of(examples));
  EXPECT_EQ(refusal("mmlu", 4),
            "mmlu.fewshot.jsonl: 4 examples are wanted, it has 3 of \"anatomy\"");
  for (int i = 0; i < 3; ++i) examples.erase(examples.begin());
  put("mmlu.fewshot.jsonl", lines_of(examples));
  EXPECT_EQ(refusal("mmlu", 1),
            "mmlu.jsonl, line 1: mmlu.fewshot.jsonl has no example of \"anatomy\"");
}

}  // namespace
}  // namespace radlads::evaluate
