// SPDX-License-Identifier: Apache-2.0
#include "radlads/evaluate/answers.hpp"
#include "radlads/evaluate/tasks.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace radlads::evaluate {
namespace {

using test::error_of;

TEST(answers, white_space_around_an_answer_does_not_count) {
  EXPECT_TRUE(is_exact_match(" -734", "-734"));
  EXPECT_TRUE(is_exact_match("two  words\u00a0\n", " two  words"));
  EXPECT_FALSE(is_exact_match("two words", "two  words"));
  EXPECT_FALSE(is_exact_match(" -734.", " -734"));
  EXPECT_FALSE(is_exact_match("Yes", "yes"));
  EXPECT_FALSE(is_exact_match("", "yes"));
}

TEST(answers, a_beginning_ends_where_no_letter_or_digit_follows) {
  EXPECT_TRUE(is_prefix_match(" -734", "-734"));
  EXPECT_TRUE(is_prefix_match(" -734.5", "-734"));
  EXPECT_TRUE(is_prefix_match("yes, it is", " yes"));
  EXPECT_FALSE(is_prefix_match("-7345", "-734"));
  EXPECT_FALSE(is_prefix_match("yesterday", "yes"));
  EXPECT_FALSE(is_prefix_match("yesé", "yes"));
  EXPECT_FALSE(is_prefix_match("ye", "yes"));
}

std::vector<document> documents(const std::vector<std::string>& rights) {
  std::vector<document> all;
  for (const std::string& each : rights) {
    all.emplace_back();
    all.back().options.push_back({"q", each});
  }
  return all;
}

TEST(answers, figures_are_shares_of_documents) {
  const task& kind = *find_task("arithmetic");
  const auto found = answer_result("own", kind, documents({" 1", " 2", " 3", " 4"}),
                                   std::vector<std::string>{"1", "22", " 3 apples", "4\t"});
  EXPECT_EQ(found.name, "own");
  EXPECT_EQ(found.documents, 4);
  EXPECT_EQ(found.chance, 0);
  ASSERT_EQ(found.metrics.size(), 2u);
  EXPECT_EQ(found.metrics[0].name, "exact_match");
  EXPECT_NEAR(found.metrics[0].value, 0.5, 1e-15);
  EXPECT_NEAR(found.metrics[0].standard_error.value(), 0.28867513459481287, 1e-15);  // sqrt(1/12)
  EXPECT_EQ(found.metrics[1].name, "prefix_match");
  EXPECT_NEAR(found.metrics[1].value, 0.75, 1e-15);
}

TEST(answers, a_task_has_the_figures_that_it_names) {
  task kind = *find_task("repeat_copy");
  kind.metrics = {"exact_match"};
  const auto found = answer_result("own", kind, documents({"a"}), std::vector<std::string>{"a"});
  ASSERT_EQ(found.metrics.size(), 1u);
  EXPECT_EQ(found.metrics[0].value, 1);
  EXPECT_EQ(error_of([&] { answer_result("own", kind, documents({"a"}), {}); }),
            "answer_result: 0 answers of 1 documents");
}

}  // namespace
}  // namespace radlads::evaluate
