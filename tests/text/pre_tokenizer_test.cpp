// SPDX-License-Identifier: Apache-2.0
// How the steps of a pre-tokenizer follow each other. What each cuts is in pre_tokenizer_file_test.

#include "radlads/text/pre_tokenizer.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace radlads::text {
namespace pre_tokenizer_test {

using pieces_type = std::vector<std::string>;

pieces_type cut(std::vector<pre_tokenizer_step> steps, std::string_view text) {
  pieces_type pieces;
  pre_tokenizer_memory memory;
  pre_tokenizer(std::move(steps)).split(text, true, memory, [&](std::string_view piece) {
    pieces.emplace_back(piece);
  });
  return pieces;
}

TEST(pre_tokenizer, of_no_steps_leaves_the_text_whole) {
  EXPECT_EQ(cut({}, "a b"), pieces_type{"a b"});
}

TEST(pre_tokenizer, puts_the_space_in_front_of_each_piece) {
  const split_step commas{literal_text{","}};
  EXPECT_EQ(cut({commas, prefix_space_step{}}, "x,y"), (pieces_type{" x", " ,", " y"}));
  EXPECT_EQ(cut({prefix_space_step{}, commas}, "x,y"), (pieces_type{" x", ",", "y"}));
  EXPECT_EQ(cut({prefix_space_step{}}, " x"), pieces_type{" x"});
}

TEST(pre_tokenizer, reads_the_byte_alphabet_behind_a_step_that_writes_it) {
  const split_step gpt2{split_pattern::gpt2};
  EXPECT_EQ(cut({gpt2, byte_alphabet_step{}, split_step{character_kind::white_space}}, "a \u00e9"),
            (pieces_type{"a", "\u0120\u00c3\u00a9"}));
}

TEST(pre_tokenizer, uses_its_memory_again) {
  const pre_tokenizer steps({prefix_space_step{}, split_step{split_pattern::gpt2}});
  pre_tokenizer_memory memory;
  for (const std::string text : {"one two", "a", "three"}) {
    std::string joined;
    steps.split(text, true, memory, [&](std::string_view piece) { joined += piece; });
    EXPECT_EQ(joined, " " + text);
  }
}

TEST(pre_tokenizer, refuses_more_steps_than_it_reads_text_for) {
  std::vector<pre_tokenizer_step> steps(pre_tokenizer::max_steps, prefix_space_step{});
  EXPECT_EQ(cut(steps, "a"), pieces_type{" a"});
  steps.emplace_back(prefix_space_step{});
  EXPECT_NE(test::error_of([&] { pre_tokenizer{steps}; }).find("65 steps"), std::string::npos);
}

}  // namespace pre_tokenizer_test
}  // namespace radlads::text
