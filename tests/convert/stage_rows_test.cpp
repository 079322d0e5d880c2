// SPDX-License-Identifier: Apache-2.0
#include "radlads/convert/stage_rows.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace radlads::convert {
namespace stage_rows_test {

using ids = std::vector<std::int32_t>;

/// Ids 0, 1, 2, ...: a row says where it came from.
data::token_stream counted(std::int32_t tokens) {
  ids all;
  for (std::int32_t i = 0; i < tokens; ++i) all.push_back(i);
  return data::token_stream::from_ids({{all}});
}

stage_settings small() {
  stage_settings s;
  s.batch = 2;
  s.context = 4;
  s.sampler = "epochs";
  return s;
}

TEST(stage_rows, rows_are_consecutive_ids_and_an_epoch_has_each_once) {
  const data::token_stream text = counted(4 * 6);
  const stage_rows rows(text, small(), false, 0);
  ASSERT_EQ(rows.row_size(), 4);
  std::set<std::int32_t> begins;
  for (std::int64_t step = 0; step < 3; ++step) {
    const ids all = rows.of_step(step);
    ASSERT_EQ(all.size(), 8u);
    for (std::size_t i = 0; i < 8; i += 4) {
      EXPECT_EQ(all[i] % 4, 0);
      EXPECT_EQ(all[i + 3], all[i] + 3);
      begins.insert(all[i]);
    }
  }
  EXPECT_EQ(begins.size(), 6u);
}

TEST(stage_rows, a_later_stage_continues_the_order) {
  const data::token_stream text = counted(4 * 6);
  EXPECT_EQ(stage_rows(text, small(), false, 4).of_step(0),
            stage_rows(text, small(), false, 0).of_step(2));
}

TEST(stage_rows, targets_make_a_row_longer_by_one) {
  const data::token_stream text = counted(4 * 6 + 1);
  const stage_rows rows(text, small(), true, 0);
  ASSERT_EQ(rows.row_size(), 5);
  const ids all = rows.of_step(0);
  EXPECT_EQ(all[4], all[0] + 4);
}

TEST(stage_rows, marks_say_whether_the_next_token_counts) {
  const data::token_stream text =
      data::token_stream::from_ids({{ids{7, data::left_out(8), 9, data::left_out(10), 11}}});
  stage_settings s = small();
  s.batch = 1;
  s.loss_on = "assistant";
  const stage_rows rows(text, s, false, 0);
  EXPECT_EQ(rows.of_step(0), (ids{7, 8, 9, 10, 0, 1, 0, 1}));
}

TEST(stage_rows, the_cubic_order_tells_what_it_leaves_out) {
  stage_settings s = small();
  const data::token_stream text = counted(4 * 30);
  EXPECT_EQ(stage_rows(text, s, false, 0).read_share().all, 0);
  s.sampler = "cubic";
  s.magic_prime = 29;
  const stage_rows::share share = stage_rows(text, s, false, 0).read_share();
  EXPECT_EQ(share.read, 29);
  EXPECT_EQ(share.all, 30);
}

TEST(stage_rows, the_order_depends_on_the_seed_or_the_offset) {
  const data::token_stream text = counted(4 * 30);
  stage_settings s = small();
  s.batch = 12;
  const ids first = stage_rows(text, s, false, 0).of_step(0);
  s.seed += 1;
  EXPECT_NE(stage_rows(text, s, false, 0).of_step(0), first);
  // slot n of the order cubic is the slot n - 1 of that which begins one further
  s.sampler = "cubic";
  const ids cubic = stage_rows(text, s, false, 0).of_step(0);
  s.sample_offset = 1;
  const ids later = stage_rows(text, s, false, 0).of_step(0);
  EXPECT_NE(later, cubic);
  EXPECT_TRUE(std::equal(cubic.begin() + 4, cubic.end(), later.begin()));
}

TEST(stage_rows, rejects_a_text_without_a_row) {
  const data::token_stream text = counted(3);
  EXPECT_NE(test::error_of([&] { stage_rows(text, small(), false, 0); }), "");
}

}  // namespace stage_rows_test
}  // namespace radlads::convert
