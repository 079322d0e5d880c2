// SPDX-License-Identifier: Apache-2.0
#include "radlads/text/score_merges.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text {
namespace score_merges_test {

using pairs = std::vector<std::pair<std::size_t, std::size_t>>;

pairs merged(const std::vector<std::string_view>& tokens, const std::vector<double>& scores,
             const std::vector<merge_role>& roles) {
  pairs out;
  for (const scored_merge& m : merges_of_scores(tokens, scores, roles))
    out.emplace_back(m.left, m.right);
  return out;
}

TEST(score_merges, come_from_the_best_token_down) {
  const std::vector<std::string_view> tokens{"a", "b", "c", "ab", "bc", "abc"};
  std::vector<merge_role> roles(6, {true, true});
  const std::vector<double> scores{-3, -4, -5, -2, -1, 0};
  EXPECT_EQ(merged(tokens, scores, roles), (pairs{{0, 4}, {3, 2}, {1, 2}, {0, 1}}));
  roles[5].is_result = false;
  EXPECT_EQ(merged(tokens, scores, roles), (pairs{{1, 2}, {0, 1}}));
  roles[2].is_part = false;
  EXPECT_EQ(merged(tokens, scores, roles), (pairs{{0, 1}}));
}

TEST(score_merges, of_one_score_share_a_rank) {
  const std::vector<merge> merges{{0, 1, 2}, {1, 0, 2}, {0, 0, 3}};
  EXPECT_EQ(ranks_of_scores(merges, std::vector<double>{0, 0, -1, -2}),
            (std::vector<std::uint32_t>{0, 0, 1}));
}

TEST(score_merges, refuse_what_fills_the_memory_or_is_no_score) {
  std::vector<std::string> runs;
  for (std::size_t i = 1; i <= 400; ++i) runs.emplace_back(i, 'a');
  const std::vector<std::string_view> tokens(runs.begin(), runs.end());
  const auto error_for = [](const std::vector<std::string_view>& of, double score) {
    return test::error_of([&] {
      merged(of, std::vector<double>(of.size(), score),
             std::vector<merge_role>(of.size(), {true, true}));
    });
  };
  EXPECT_TRUE(test::says(error_for(tokens, 0), {"more than 64 times the bytes"}));
  EXPECT_TRUE(test::says(error_for({"a"}, std::numeric_limits<double>::quiet_NaN()),
                         {"score of token 0 is not finite"}));
  const std::string long_token(4097, 'a');
  EXPECT_TRUE(test::says(error_for({long_token}, 0), {"token 0 has 4097 bytes", "4096"}));
  EXPECT_TRUE(test::says(test::error_of([] {
                           merged({"a"}, {}, {{true, true}});
                         }),
                         {"0 scores for 1 tokens"}));
}

}  // namespace score_merges_test
}  // namespace radlads::text
