// SPDX-License-Identifier: Apache-2.0
// The ranges are ordered; classes are not zero.

#include "radlads/text/unicode_marks.hpp"

#include <gtest/gtest.h>

#include <cstddef>

namespace radlads::text {
namespace unicode_marks_test {

template <class Ranges>
std::size_t count_of(const Ranges& ranges) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    EXPECT_LE(ranges[i].first, ranges[i].last);
    if (i > 0) {
      EXPECT_LT(ranges[i - 1].last, ranges[i].first);
    }
    count += ranges[i].last - ranges[i].first + 1;
  }
  return count;
}

TEST(unicode_marks, have_the_size_of_unicode_9) {
  EXPECT_EQ(count_of(combining_class_ranges), 814u);
  for (const auto& range : combining_class_ranges) EXPECT_GT(range.combining_class, 0);
  // As many characters as StripAccents of tokenizers 0.23.3 takes away.
  EXPECT_EQ(count_of(mark_ranges), 2097u);
}

}  // namespace unicode_marks_test
}  // namespace radlads::text
