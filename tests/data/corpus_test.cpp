// SPDX-License-Identifier: Apache-2.0
#include "radlads/data/corpus.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::data {
namespace corpus_test {

using corpus_test = test::temporary_directory;
using strings = std::vector<std::string>;

std::vector<std::int32_t> bytes_of(std::string_view text) {
  return std::vector<std::int32_t>(text.begin(), text.end());
}

TEST_F(corpus_test, separator_lines_divide_plain_text) {
  EXPECT_EQ(split_documents("one\n<|endoftext|>\n two \nlines\t\n\n<|endoftext|>\nthree"),
            (strings{"one", "two \nlines", "three"}));
  EXPECT_EQ(split_documents("one\r\n<|endoftext|>\r\ntwo\r\n"), (strings{"one", "two"}));
  EXPECT_EQ(split_documents("\xef\xbb\xbf"
                            "one\n"),
            strings{"one"});
}

TEST_F(corpus_test, a_separator_inside_a_line_is_text) {
  EXPECT_EQ(split_documents("a <|endoftext|> b\n<|endoftext|>x\n"),
            strings{"a <|endoftext|> b\n<|endoftext|>x"});
}

TEST_F(corpus_test, empty_documents_are_left_out) {
  EXPECT_EQ(split_documents("<|endoftext|>\n\n<|endoftext|>\na\n<|endoftext|>\n \n<|endoftext|>"),
            strings{"a"});
  EXPECT_EQ(split_documents(""), strings{});
  EXPECT_EQ(split_documents("\n"), strings{});
}

TEST_F(corpus_test, json_lines_give_their_text_unchanged) {
  EXPECT_EQ(split_json_lines("{\"text\": \" a\\n\\u00e9\", \"id\": 1}\n\n{\"text\": \"  \"}\r\n"
                             "{\"text\": \"b\"}",
                             "x.jsonl"),
            (strings{" a\n\u00e9", "b"}));
}

TEST_F(corpus_test, rows_are_texts_or_conversations) {
  const std::vector<text_row> rows =
      split_rows(text_kind::json_lines,
                 "{\"text\": \"a\"}\n\n{\"text\": \" \"}\n{\"messages\": [{\"role\": \"user\", "
                 "\"content\": \"q\", \"id\": 1}, {\"content\": \"\", \"role\": \"assistant\"}], "
                 "\"text\": \"b\"}",
                 "x.jsonl");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].text, "a");
  EXPECT_TRUE(rows[0].messages.empty());
  EXPECT_EQ(rows[1].text, "");
  EXPECT_EQ(rows[1].place, "x.jsonl, line 4");
  ASSERT_EQ(rows[1].messages.size(), 2u);
  EXPECT_EQ(rows[1].messages[0].role, "user");
  EXPECT_EQ(rows[1].messages[0].content, "q");
  EXPECT_EQ(rows[1].messages[1].role, "assistant");
  const std::vector<text_row> plain =
      split_rows(text_kind::plain, "one\n<|endoftext|>\ntwo", "x.txt");
  ASSERT_EQ(plain.size(), 2u);
  EXPECT_EQ(plain[1].text, "two");
  EXPECT_EQ(plain[1].place, "x.txt");
}

TEST_F(corpus_test, rejects_messages_that_are_none) {
  const auto refusal = [](const std::string& messages) {
    return test::error_of([&] { split_json_rows("{\"messages\": " + messages + "}", "x.jsonl"); });
  };
  EXPECT_TRUE(test::says(refusal("[]"), {"x.jsonl, line 1", "at least one message"}));
  EXPECT_TRUE(test::says(refusal("{\"role\": \"user\"}"), {"line 1", "must be a list"}));
  EXPECT_TRUE(test::says(refusal("[5]"), {"line 1, message 1", "an object"}));
  EXPECT_TRUE(
      test::says(refusal("[{\"role\": \"user\"}]"), {"message 1", "\"content\"", "missing"}));
  EXPECT_TRUE(test::says(refusal("[{\"role\": \"user\", \"content\": [{\"type\": \"text\"}]}]"),
                         {"message 1", "\"content\"", "a string"}));
}

TEST_F(corpus_test, a_bad_json_line_is_named) {
  const auto refusal = [](const std::string& line) {
    return test::error_of([&] { split_json_lines("{\"text\":\"a\"}\n\n" + line, "x.jsonl"); });
  };
  EXPECT_TRUE(test::says(refusal("{\"text\":"), {"x.jsonl, line 3", "not valid JSON"}));
  EXPECT_TRUE(test::says(refusal("{\"txt\":\"a\"}"), {"x.jsonl, line 3", "\"text\"", "missing"}));
  EXPECT_TRUE(test::says(refusal("{\"text\":5}"), {"x.jsonl, line 3", "a string", "found 5"}));
  EXPECT_TRUE(test::says(refusal("\"a\""), {"x.jsonl, line 3", "an object"}));
}

TEST_F(corpus_test, the_extension_chooses_the_reader) {
  EXPECT_EQ(read_documents(put("a.txt", "{\"text\": \"a\"}")), strings{"{\"text\": \"a\"}"});
  EXPECT_EQ(read_documents(put("a.jsonl", "{\"text\": \"a\"}")), strings{"a"});
  EXPECT_TRUE(test::says(test::error_of([&] { read_documents(put("a.csv", "a")); }),
                         {path("a.csv").string(), ".txt or .jsonl"}));
  EXPECT_TRUE(test::says(test::error_of([&] { read_documents(put("e.txt", " \n")); }),
                         {path("e.txt").string(), "holds no text"}));
  EXPECT_TRUE(test::says(test::error_of([&] { read_documents(path("none.txt")); }),
                         {path("none.txt").string(), "No such file"}));
}

TEST_F(corpus_test, tokens_come_from_text_or_from_binidx) {
  const token_stream text = read_tokens(put("a.txt", "ab\n<|endoftext|>\nc"), bytes_of, 2);
  EXPECT_EQ(text.document_offsets(), (std::vector<std::int64_t>{0, 2, 3}));
  binidx_writer writer(path("b"), 512);
  writer.append(std::vector<std::int32_t>{7, 8});
  writer.commit();
  EXPECT_EQ(read_tokens(path("b.bin"), bytes_of, 1).size(), 2);
  EXPECT_EQ(read_tokens(path("b.idx"), bytes_of, 1).size(), 2);
  binidx_writer(path("e"), 512).commit();
  EXPECT_TRUE(test::says(test::error_of([&] { read_tokens(path("e.bin"), bytes_of, 1); }),
                         {path("e.bin").string(), "holds no tokens"}));
  EXPECT_TRUE(test::says(test::error_of([&] { read_tokens(path("b"), bytes_of, 1); }),
                         {path("b").string(), ".txt, .jsonl, .bin or .idx"}));
}

TEST_F(corpus_test, the_optional_stories_are_all_found) {
  const std::filesystem::path stories = test::optional_data() / "text" / "tinystories.txt";
  if (!std::filesystem::exists(stories)) {
    GTEST_SKIP() << "the optional data are absent; RADLADS_DATA says where they are";
  }
  const strings documents = read_documents(stories);
  EXPECT_EQ(documents.size(), 2084u);
  EXPECT_TRUE(documents[0].starts_with("One day, a little girl named Lily"));
}

}  // namespace corpus_test
}  // namespace radlads::data
