// SPDX-License-Identifier: Apache-2.0
#include "radlads/text/stop_strings.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace radlads::test {
namespace stop_strings_test {

/// The text that comes through, with a bar behind what each part gave.
std::string through(const std::vector<std::string>& strings,
                    const std::vector<std::string>& parts) {
  text::stop_strings stop(strings);
  std::string out;
  for (const std::string& part : parts) out += stop.push(part) + "|";
  return out + stop.finish() + (stop.has_stopped() ? "." : "");
}

TEST(stop_strings, end_the_text_before_them) {
  EXPECT_EQ(through({"\n\n"}, {"one", " two\n", "\nthree", "four"}), "one| two|||.");
  EXPECT_EQ(through({"abc"}, {"xabcy"}), "x|.");
  EXPECT_EQ(through({"abc"}, {"xa", "b", "c"}), "x|||.");
}

TEST(stop_strings, hold_back_beginnings_alone) {
  EXPECT_EQ(through({"abc"}, {"xab", "ab", "x"}), "x|ab|abx|");
  EXPECT_EQ(through({"abc"}, {"xab"}), "x|ab");
  EXPECT_EQ(through({"aab"}, {"aaa", "b"}), "a||.");
}

TEST(stop_strings, the_first_of_several_counts) {
  EXPECT_EQ(through({"later", "first"}, {"a first later"}), "a |.");
  EXPECT_EQ(through({"abcd", "bc"}, {"ab", "cx"}), "|a|.");
}

TEST(stop_strings, none_hold_nothing_back) { EXPECT_EQ(through({}, {"a", "b"}), "a|b|"); }

TEST(stop_strings, empty_ones_are_refused) {
  EXPECT_EQ(error_of([] { text::stop_strings none({"a", ""}); }), "a stop string is empty");
}

}  // namespace stop_strings_test
}  // namespace radlads::test
