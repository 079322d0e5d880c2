// SPDX-License-Identifier: Apache-2.0
// The ranges are ordered and hold as many code points as Unicode 15.0 has.

#include "radlads/text/unicode_categories.hpp"

#include <gtest/gtest.h>

#include <cstddef>

namespace radlads::text {
namespace unicode_categories_test {

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

TEST(unicode_categories, have_the_size_of_unicode_15) {
  // extracted/DerivedGeneralCategory.txt and PropList.txt state these totals: L is the sum of
  // Lu 1831, Ll 2233, Lt 31, Lm 397, Lo 131612; N of Nd 680, Nl 236, No 915.
  EXPECT_EQ(count_of(letter_ranges), 1831u + 2233u + 31u + 397u + 131612u);
  EXPECT_EQ(count_of(number_ranges), 680u + 236u + 915u);
  EXPECT_EQ(count_of(white_space_ranges), 25u);
}

TEST(unicode_categories, words_hold_all_letters) {
  std::size_t w = 0;
  for (const code_point_range& letters : letter_ranges) {
    while (w < word_ranges.size() && word_ranges[w].last < letters.first) ++w;
    ASSERT_LT(w, word_ranges.size());
    EXPECT_LE(word_ranges[w].first, letters.first);
    EXPECT_GE(word_ranges[w].last, letters.last);
  }
  EXPECT_GT(count_of(word_ranges), count_of(letter_ranges));
}

TEST(unicode_categories, combining_classes_are_ordered_and_not_zero) {
  EXPECT_EQ(count_of(combining_class_ranges), 922u);
  for (const auto& range : combining_class_ranges) EXPECT_GT(range.combining_class, 0);
}

}  // namespace unicode_categories_test
}  // namespace radlads::text
