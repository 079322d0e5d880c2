// SPDX-License-Identifier: Apache-2.0
// A text is the same from a file, a compressed file and standard input.

#include "files/compressed_bytes.hpp"
#include "radlads/data/corpus.hpp"
#include "radlads/data/text_file.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <filesystem>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace radlads::data {
namespace text_file_test {

using strings = std::vector<std::string>;

class text_file_test : public test::temporary_directory {
 protected:
  std::string text_of(const text_file& file) const {
    return file.with_text([](std::string_view text) { return std::string(text); });
  }

  /// What standard input with these bytes is taken for.
  text_file from_standard_input(std::string_view bytes) const {
    const int own = ::dup(STDIN_FILENO);
    const int file = ::open(put("input", bytes).c_str(), O_RDONLY);
    ::dup2(file, STDIN_FILENO);
    text_file result = text_file::open(standard_input);
    ::dup2(own, STDIN_FILENO);
    ::close(file);
    ::close(own);
    return result;
  }
};

TEST_F(text_file_test, a_file_is_named_and_of_its_kind) {
  const text_file plain = text_file::open(put("a.txt", "some\ntext"));
  EXPECT_EQ(plain.name(), path("a.txt").string());
  EXPECT_EQ(plain.kind(), text_kind::plain);
  EXPECT_EQ(text_of(plain), "some\ntext");
  EXPECT_EQ(text_file::open(put("a.jsonl", "")).kind(), text_kind::json_lines);
  EXPECT_EQ(text_of(text_file::open(put("e.txt", ""))), "");
}

TEST_F(text_file_test, rejects_what_is_no_text) {
  EXPECT_TRUE(test::says(test::error_of([&] { text_file::open(put("a.bin", "x")); }),
                         {"a.bin", "token ids", ".txt or .jsonl"}));
  EXPECT_TRUE(test::says(test::error_of([&] { text_file::open(put("a.gz", "x")); }),
                         {"a.gz", "cannot tell what it holds"}));
  EXPECT_TRUE(test::says(test::error_of([&] { text_file::open(path("none.txt")); }),
                         {"none.txt", "No such file"}));
}

TEST_F(text_file_test, standard_input_shows_what_it_holds) {
  const auto kind = [&](std::string_view bytes) { return from_standard_input(bytes).kind(); };
  EXPECT_EQ(text_of(from_standard_input("some text")), "some text");
  EXPECT_EQ(from_standard_input("some text").name(), "standard input");
  EXPECT_EQ(kind("some text"), text_kind::plain);
  EXPECT_EQ(kind("\n{\"text\": \"a\"}\n{"), text_kind::json_lines);
  EXPECT_EQ(kind("{\"messages\": []}"), text_kind::json_lines);
  EXPECT_EQ(kind("{\"name\": \"a\"}\n"), text_kind::plain);
  EXPECT_EQ(kind("{ int i; }\n"), text_kind::plain);
  EXPECT_EQ(kind(""), text_kind::plain);
  EXPECT_EQ(text_of(from_standard_input(std::string(200'000, 'x'))), std::string(200'000, 'x'));
}

#if defined(RADLADS_ZLIB)
TEST_F(text_file_test, gzip_gives_the_documents_of_its_text) {
  const std::string bytes = test::gzip_of("one\n<|endoftext|>\n") + test::gzip_of("two\n");
  EXPECT_EQ(read_documents(put("a.txt.gz", bytes)), (strings{"one", "two"}));
  EXPECT_EQ(text_file::open(path("a.txt.gz")).stored(), bytes);
  EXPECT_EQ(text_of(from_standard_input(bytes)), "one\n<|endoftext|>\ntwo\n");
  EXPECT_EQ(from_standard_input(test::gzip_of("{\"text\": \"a\"}")).kind(), text_kind::json_lines);
  EXPECT_TRUE(test::says(
      test::error_of([&] { read_documents(put("b.txt.gz", bytes.substr(0, bytes.size() - 1))); }),
      {"b.txt.gz", "gzip data ends too early"}));
}

TEST_F(text_file_test, a_bad_line_of_a_compressed_file_is_named) {
  const std::string bytes = test::gzip_of("{\"text\": \"a\"}\n{\"text\": 1}\n");
  EXPECT_TRUE(test::says(test::error_of([&] { read_documents(put("a.jsonl.gz", bytes)); }),
                         {"a.jsonl.gz, line 2", "\"text\""}));
}
#endif

#if defined(RADLADS_ZSTD)
TEST_F(text_file_test, zstd_gives_the_documents_of_its_text) {
  const std::string bytes =
      test::zstd_of("{\"text\": \"one\"}\n") + test::zstd_of("{\"text\": \"two\"}");
  EXPECT_EQ(read_documents(put("a.jsonl.zst", bytes)), (strings{"one", "two"}));
  EXPECT_EQ(from_standard_input(bytes).kind(), text_kind::json_lines);
}
#endif

}  // namespace text_file_test
}  // namespace radlads::data
