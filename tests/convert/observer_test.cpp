// SPDX-License-Identifier: Apache-2.0
#include "radlads/convert/observer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace radlads::convert {
namespace observer_test {

TEST(observer, messages_are_joined) {
  std::vector<std::string> heard;
  observer events;
  events.message = [&](const std::string& text) { heard.push_back(text); };
  events.tell("align: step ", 3, " of ", 4.5);
  EXPECT_EQ(heard, std::vector<std::string>{"align: step 3 of 4.5"});
}

TEST(observer, nobody_need_listen) { EXPECT_NO_THROW(observer().tell("unheard")); }

}  // namespace observer_test
}  // namespace radlads::convert
