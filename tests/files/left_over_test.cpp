// SPDX-License-Identifier: Apache-2.0
#include "radlads/files/left_over.hpp"
#include "support/gone_process.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

namespace radlads::files {
namespace left_over_test {

using left_over_test = test::temporary_directory;
using strings = std::vector<std::string>;

TEST(left_over, takes_its_own_names_apart) {
  const std::string name = name_beside("a/model.safetensors", "partial").filename().string();
  const auto parts = parse_beside_name(name);
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(parts->base, "model.safetensors");
  EXPECT_EQ(parts->word, "partial");
  EXPECT_EQ(parts->process, ::getpid());
  EXPECT_FALSE(is_left_over(*parts));
}

TEST(left_over, takes_no_other_name) {
  for (const char* name :
       {"", "checkpoint", "checkpoint.old-mine", "checkpoint.old-1", "checkpoint.old--1-2",
        "checkpoint.old-1-2x", "checkpoint.old-1-", "checkpoint.old-01-2", "checkpoint.old-0-2",
        "checkpoint-1-2", ".old-1-2", "x.old-1-+2", "x.old-99999999999-2",
        "x.old-1-99999999999999999999", "x.old-1-2.bak", "x.old-1 -2"}) {
    EXPECT_FALSE(parse_beside_name(name).has_value()) << name;
  }
  EXPECT_TRUE(parse_beside_name("x.old-1-2").has_value());
}

TEST(left_over, tells_living_processes_from_gone_ones) {
  EXPECT_TRUE(is_left_over({"x", "partial", test::gone_process(), 1}));
  EXPECT_FALSE(is_left_over({"x", "partial", ::getppid(), 1}));
  // This process's number, of an earlier process and from before the machine was started.
  EXPECT_TRUE(is_left_over({"x", "partial", ::getpid(), first_ticks() - 1}));
  EXPECT_TRUE(is_left_over({"x", "partial", ::getpid(), clock_ticks() + 1'000'000'000'000}));
  EXPECT_FALSE(is_left_over({"x", "partial", ::getpid(), clock_ticks()}));
}

TEST_F(left_over_test, removes_only_its_own_of_processes_that_are_gone) {
  const std::string gone = test::gone_suffix();
  const std::string living = "-" + std::to_string(::getppid()) + "-7";
  for (const std::string& name :
       {"x.partial" + gone, "x.partial" + living, "y.partial" + gone, "x.old" + gone,
        std::string("x.partial-mine"), std::string("x")}) {
    put(name, "1");
  }
  remove_left_over(path("x"));
  strings expected{"x", "x.old" + gone, "x.partial" + living, "x.partial-mine", "y.partial" + gone};
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(list(), expected);
  remove_left_over(path("none/x"));
}

}  // namespace left_over_test
}  // namespace radlads::files
