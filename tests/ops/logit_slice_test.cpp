// SPDX-License-Identifier: Apache-2.0
#include "radlads/ops/logit_slice.hpp"

#include <gtest/gtest.h>

namespace radlads::test {
namespace logit_slice_test {

TEST(logit_slice, is_about_a_gigabyte_but_neither_few_tokens_nor_more_than_there_are) {
  EXPECT_EQ(ops::tokens_of_slice(1 << 16, 1 << 20), 1 << 12);
  EXPECT_EQ(ops::tokens_of_slice(1 << 25, 1 << 20), 64);
  EXPECT_EQ(ops::tokens_of_slice(100, 7), 7);
}

}  // namespace logit_slice_test
}  // namespace radlads::test
