// SPDX-License-Identifier: Apache-2.0
#include "radlads/files/folder.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace radlads::files {
namespace folder_test {

using strings = std::vector<std::string>;

class folder_test : public test::temporary_directory {
 protected:
  folder_test() {
    std::filesystem::create_directories(path("inner/deep"));
    put("a", "");
    put(".hidden", "");
    put("inner/deep/b", "");
    std::filesystem::create_directory_symlink(path("inner"), path("link"));
  }

  strings names(const std::vector<std::filesystem::directory_entry>& entries) const {
    strings all;
    for (const auto& each : entries) {
      all.push_back(each.path().lexically_relative(directory_).generic_string());
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  std::error_code code_;
};

TEST_F(folder_test, lists_a_folder) {
  EXPECT_EQ(names(folder_entries(directory_, code_)), (strings{".hidden", "a", "inner", "link"}));
  EXPECT_FALSE(code_);
}

TEST_F(folder_test, lists_folders_below_and_follows_no_links) {
  EXPECT_EQ(names(entries_below(directory_, code_)),
            (strings{".hidden", "a", "inner", "inner/deep", "inner/deep/b", "link"}));
  EXPECT_FALSE(code_);
}

TEST_F(folder_test, says_why_a_folder_cannot_be_read) {
  EXPECT_TRUE(folder_entries(path("absent"), code_).empty());
  EXPECT_EQ(code_, std::errc::no_such_file_or_directory);
  EXPECT_TRUE(entries_below(path("a"), code_).empty());
  EXPECT_EQ(code_, std::errc::not_a_directory);
}

TEST_F(folder_test, forgets_an_earlier_code) {
  code_ = std::make_error_code(std::errc::io_error);
  EXPECT_FALSE(folder_entries(directory_, code_).empty());
  EXPECT_FALSE(code_);
}

}  // namespace folder_test
}  // namespace radlads::files
