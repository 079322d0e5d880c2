// SPDX-License-Identifier: Apache-2.0
#include "radlads/files/replace.hpp"
#include "support/gone_process.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace radlads::files {
namespace replace_test {

using strings = std::vector<std::string>;

class replace_test : public test::temporary_directory {
 protected:
  replace_test() {
    put("last", "old");
    put("data", "old");
    put("only_old", "old");
    put("mine", "mine");
  }

  void fill(const std::filesystem::path& staging) {
    for (const char* name : {"last", "data", "only_new"}) {
      atomic_file file(staging / name);
      file.write("new", 3);
      file.commit();
    }
  }

  void replace() {
    atomic_directory staging(path(".x"), existing_directory::refuse);
    fill(staging.path());
    replace_files(directory_, staging, {"only_old", "data", "absent"}, "last");
  }

  void expect_old() {
    EXPECT_EQ(list(), (strings{"data", "last", "mine", "only_old"}));
    for (const char* name : {"data", "last", "only_old"}) EXPECT_EQ(get(name), "old");
  }

  void expect_new() {
    EXPECT_EQ(list(), (strings{"data", "last", "mine", "only_new"}));
    for (const char* name : {"data", "last", "only_new"}) EXPECT_EQ(get(name), "new");
  }
};

TEST_F(replace_test, exchanges_files_and_leaves_the_rest) {
  replace();
  expect_new();
  EXPECT_EQ(get("mine"), "mine");
}

TEST_F(replace_test, a_directory_in_the_place_of_a_file_is_refused_and_nothing_changes) {
  std::filesystem::remove(path("data"));
  std::filesystem::create_directory(path("data"));
  put("data/precious", "1");
  EXPECT_TRUE(
      test::says(test::error_of([&] { replace(); }), {path("data").string(), "it is a directory"}));
  EXPECT_EQ(get("data/precious"), "1");
  EXPECT_EQ(get("last"), "old");
  EXPECT_EQ(list(), (strings{"data", "last", "mine", "only_old"}));
}

// Directories as a process leaves them that ends at the named moment.
TEST_F(replace_test, before_the_new_files_count_the_old_ones_come_back) {
  const std::string gone = test::gone_suffix();
  std::filesystem::create_directory(path(".x.partial" + gone));
  fill(path(".x.partial" + gone));
  std::filesystem::create_directory(path(".x.moved" + gone));
  for (const char* name : {"last", "data"}) {
    std::filesystem::rename(path(name), path(".x.moved" + gone) / name);
  }
  EXPECT_TRUE(finish_replacing(directory_, ".x", "last"));
  expect_old();
  EXPECT_FALSE(finish_replacing(directory_, ".x", "last"));
}

TEST_F(replace_test, once_they_count_the_new_files_come) {
  const std::string gone = test::gone_suffix();
  std::filesystem::create_directory(path(".x.partial" + gone));
  fill(path(".x.partial" + gone));
  std::filesystem::create_directory(path(".x.replaced" + gone));
  for (const char* name : {"last", "data", "only_old"}) {
    std::filesystem::rename(path(name), path(".x.replaced" + gone) / name);
  }
  std::filesystem::rename(path(".x.partial" + gone) / "data", path("data"));
  EXPECT_TRUE(finish_replacing(directory_, ".x", "last"));
  expect_new();
}

TEST_F(replace_test, finishing_touches_only_what_is_left_over) {
  std::filesystem::create_directory(path(".x.partial-mine"));
  std::filesystem::create_directory(path(".y.partial" + test::gone_suffix()));
  const strings before = list();
  EXPECT_FALSE(finish_replacing(directory_, ".x", "last"));
  EXPECT_EQ(list(), before);
  EXPECT_TRUE(is_of_replacing(".x.moved-1-2", ".x"));
  EXPECT_FALSE(is_of_replacing(".x.moved-mine", ".x"));
  EXPECT_FALSE(is_of_replacing(".y.moved-1-2", ".x"));
}

}  // namespace replace_test
}  // namespace radlads::files
