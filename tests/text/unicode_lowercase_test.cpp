// SPDX-License-Identifier: Apache-2.0
// The runs are ordered and as many as Unicode 16.0 has capitals.

#include "radlads/text/unicode_lowercase.hpp"

#include <gtest/gtest.h>

#include <cstddef>

namespace radlads::text {
namespace unicode_lowercase_test {

TEST(unicode_lowercase, has_the_size_of_unicode_16) {
  // UnicodeData.txt has 1460 simple mappings to lowercase, one of them of U+0130.
  std::size_t count = 0;
  for (std::size_t i = 0; i < lowercase_runs.size(); ++i) {
    const lowercase_run& run = lowercase_runs[i];
    EXPECT_EQ((run.last - run.first) % run.step, 0u);
    if (i > 0) {
      EXPECT_LT(lowercase_runs[i - 1].last, run.first);
    }
    count += (run.last - run.first) / run.step + 1;
  }
  EXPECT_EQ(count, 1459u);
}

}  // namespace unicode_lowercase_test
}  // namespace radlads::text
