// SPDX-License-Identifier: Apache-2.0
// Order, and the total of Unicode 9.0.

#include "radlads/text/unicode_compatibility_singles.hpp"

#include <gtest/gtest.h>

#include <cstddef>

namespace radlads::text {
namespace unicode_compatibility_singles_test {

TEST(unicode_compatibility_singles, are_ordered) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < compatibility_runs.size(); ++i) {
    const compatibility_run& run = compatibility_runs[i];
    EXPECT_LE(run.first, run.last);
    if (i > 0) {
      EXPECT_LT(compatibility_runs[i - 1].last, run.first);
    }
    count += run.last - run.first + 1;
  }
  EXPECT_EQ(count, 3662u - 1146u);  // those of more than one character are sequences
}

}  // namespace unicode_compatibility_singles_test
}  // namespace radlads::text
