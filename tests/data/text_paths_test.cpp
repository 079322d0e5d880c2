// SPDX-License-Identifier: Apache-2.0
// Names stand for files in an order that no file system decides.

#include "radlads/data/text_paths.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace radlads::data {
namespace text_paths_test {

using strings = std::vector<std::string>;

class text_paths_test : public test::temporary_directory {
 protected:
  text_paths_test() {
    std::filesystem::create_directories(path("deep/er"));
    for (const char* name : {"b.txt", "a.jsonl", "B.txt.gz", "deep/c.jsonl.zst", "deep/er/a.txt",
                             "notes.md", "ids.bin", "ids.idx", "deep/x.gz"}) {
      put(name, "x");
    }
  }

  /// Paths of names below the directory, without it.
  strings found(const strings& names) const {
    strings below;
    for (const std::string& name : names) {
      below.push_back(name == "-" ? name : path(name).string());
    }
    strings result;
    for (const std::filesystem::path& each : text_paths(below)) {
      result.push_back(each == "-" ? "-" : each.lexically_relative(directory_).string());
    }
    return result;
  }

  std::string refusal(const strings& names) const {
    return test::error_of([&] { found(names); });
  }
};

TEST_F(text_paths_test, the_extension_tells_the_kind) {
  EXPECT_EQ(kind_of_text("a.txt"), text_kind::plain);
  EXPECT_EQ(kind_of_text("a.txt.gz"), text_kind::plain);
  EXPECT_EQ(kind_of_text("a.jsonl.zst"), text_kind::json_lines);
  EXPECT_EQ(kind_of_text("a.idx"), text_kind::token_ids);
  for (const char* name : {"a.csv", "a.gz", "a.bin.gz", "a.txt.bz2", "txt"}) {
    EXPECT_TRUE(test::says(test::error_of([&] { kind_of_text(name); }),
                           {name, ".txt, .jsonl, .bin or .idx"}));
  }
}

TEST_F(text_paths_test, a_directory_stands_for_all_texts_below_it_by_name) {
  EXPECT_EQ(found({""}),
            (strings{"B.txt.gz", "a.jsonl", "b.txt", "deep/c.jsonl.zst", "deep/er/a.txt"}));
  std::filesystem::create_directories(path("none"));
  EXPECT_TRUE(test::says(refusal({"none"}), {"none", "holds no .txt or .jsonl file"}));
}

TEST_F(text_paths_test, a_link_in_a_circle_ends) {
  std::filesystem::create_directory_symlink(path("deep"), path("deep/er/again"));
  std::filesystem::create_symlink(path("gone"), path("deep/gone.txt"));
  EXPECT_EQ(found({"deep"}), (strings{"deep/c.jsonl.zst", "deep/er/a.txt"}));
}

TEST_F(text_paths_test, a_pattern_stands_for_what_it_matches) {
  EXPECT_EQ(found({"[a-c].*", "-"}), (strings{"a.jsonl", "b.txt", "-"}));
  EXPECT_EQ(found({"dee*"}), (strings{"deep/c.jsonl.zst", "deep/er/a.txt"}));
  EXPECT_TRUE(test::says(refusal({"z*.txt"}), {"z*.txt", "no file has a name like this"}));
  EXPECT_TRUE(test::says(refusal({"n*"}), {"notes.md", "cannot tell what it holds"}));
  put("a[1].txt", "x");
  EXPECT_EQ(found({"a[1].txt"}), strings{"a[1].txt"});
}

TEST_F(text_paths_test, files_stay_in_the_order_given) {
  EXPECT_EQ(found({"b.txt", "a.jsonl", "b.txt"}), (strings{"b.txt", "a.jsonl", "b.txt"}));
  // Whether a file is there is for those to say who open it.
  EXPECT_EQ(found({"none.txt"}), strings{"none.txt"});
}

TEST_F(text_paths_test, rejects_standard_input_twice) {
  EXPECT_TRUE(test::says(refusal({"-", "b.txt", "-"}), {"standard input", "2 times"}));
}

TEST_F(text_paths_test, rejects_token_ids_beside_another_file) {
  EXPECT_EQ(found({"ids.bin"}), strings{"ids.bin"});
  EXPECT_TRUE(test::says(refusal({"b.txt", "ids.idx"}), {"ids.idx", "token ids", "2 files"}));
}

}  // namespace text_paths_test
}  // namespace radlads::data
