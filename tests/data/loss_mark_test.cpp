// SPDX-License-Identifier: Apache-2.0
// Every id comes back from the form of a token that no loss counts, and is told from others.

#include "radlads/data/loss_mark.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace radlads::data {
namespace loss_mark_test {

TEST(loss_mark_test, ids_come_back_from_both_forms) {
  for (const std::int32_t id : {0, 1, 151'935, std::numeric_limits<std::int32_t>::max()}) {
    EXPECT_TRUE(is_counted(id));
    EXPECT_FALSE(is_counted(left_out(id)));
    EXPECT_EQ(id_of(id), id);
    EXPECT_EQ(id_of(left_out(id)), id);
  }
  EXPECT_NE(left_out(0), left_out(1));
}

}  // namespace loss_mark_test
}  // namespace radlads::data
