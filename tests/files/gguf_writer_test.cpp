// SPDX-License-Identifier: Apache-2.0
#include "radlads/files/gguf_writer.hpp"
#include "support/gguf_bytes.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::files {
namespace gguf_writer_test {

using test::gguf_bytes;

gguf_writer::bytes_source bytes_of(std::string bytes) {
  return [bytes](gguf_tensor_sink& sink) { sink.write(bytes.data(), bytes.size()); };
}

class gguf_writer_test : public test::temporary_directory {};

TEST_F(gguf_writer_test, bytes_are_those_of_the_format) {
  gguf_writer writer;
  writer.add("general.architecture", std::string_view("llama"));
  writer.add("llama.block_count", std::uint32_t{2});
  writer.add("epsilon", 0.5f);
  writer.add("flag", true);
  writer.add_list("tokens", std::vector<std::string>{"a", "", "bc"});
  writer.add_list("types", std::vector<std::int32_t>{1, -3});
  writer.add_tensor("one", std::vector<std::int64_t>{3}, 0, 12, bytes_of(std::string(12, 'a')));
  writer.add_tensor("two", std::vector<std::int64_t>{32, 2}, 8, 68, bytes_of(std::string(68, 'b')));
  writer.write(path("a.gguf"));
  gguf_bytes expected;
  expected.string("general.architecture", "llama").integer("llama.block_count", 2);
  expected.real("epsilon", 0.5f).boolean("flag", true);
  expected.strings("tokens", {"a", "", "bc"}).integers("types", {1, -3});
  expected.tensor("one", {3}, 0, std::string(12, 'a'))
      .tensor("two", {32, 2}, 8, std::string(68, 'b'));
  EXPECT_EQ(get("a.gguf"), expected.bytes());
}

TEST_F(gguf_writer_test, every_type_of_value_is_read_back) {
  gguf_writer writer(128);
  writer.add("u8", std::uint8_t{200});
  writer.add("i8", std::int8_t{-3});
  writer.add("u16", std::uint16_t{60000});
  writer.add("i16", std::int16_t{-300});
  writer.add("i32", std::int32_t{-70000});
  writer.add("u64", std::uint64_t{1} << 40);
  writer.add("i64", -(std::int64_t{1} << 40));
  writer.add("f64", 0.1);
  writer.add("text", std::string("é"));
  writer.add_list("flags", std::vector<double>{0.25, -1});
  writer.add_tensor("t", std::vector<std::int64_t>{1}, 0, 4, bytes_of("abcd"));
  writer.add_tensor("u", std::vector<std::int64_t>{1}, 0, 4, bytes_of("efgh"));
  writer.write(path("a.gguf"));
  const gguf_file file = gguf_file::open(path("a.gguf"));
  EXPECT_EQ(file.get<std::int64_t>("u8"), 200);
  EXPECT_EQ(file.get<std::int64_t>("i8"), -3);
  EXPECT_EQ(file.get<std::int64_t>("u16"), 60000);
  EXPECT_EQ(file.get<std::int64_t>("i16"), -300);
  EXPECT_EQ(file.get<std::int64_t>("i32"), -70000);
  EXPECT_EQ(file.get<std::int64_t>("u64"), std::int64_t{1} << 40);
  EXPECT_EQ(file.get<std::int64_t>("i64"), -(std::int64_t{1} << 40));
  EXPECT_EQ(file.get<double>("f64"), 0.1);
  EXPECT_EQ(file.get<std::string_view>("text"), "é");
  EXPECT_EQ(file.get<gguf_numbers>("flags"), (gguf_numbers{0.25, -1}));
  EXPECT_EQ(file.get<std::int64_t>("general.alignment"), 128);
  EXPECT_EQ(file.find_tensor("u")->offset - file.find_tensor("t")->offset, 128u);
  EXPECT_EQ(
      std::string_view(reinterpret_cast<const char*>(file.data(file.find_tensor("u")->offset)), 4),
      "efgh");
}

TEST_F(gguf_writer_test, refuses_names_and_extents_that_the_format_has_not) {
  gguf_writer writer;
  writer.add("a", true);
  writer.add_tensor("t", std::vector<std::int64_t>{1}, 0, 4, bytes_of("abcd"));
  const auto add = [&](const std::string& name, const std::vector<std::int64_t>& extents) {
    return test::error_of([&] { writer.add_tensor(name, extents, 0, 4, bytes_of("abcd")); });
  };
  EXPECT_TRUE(test::says(test::error_of([&] { writer.add("a", true); }), {"\"a\" is added twice"}));
  EXPECT_TRUE(test::says(test::error_of([&] { writer.add("", true); }), {"0 letters"}));
  EXPECT_TRUE(test::says(add("t", {1}), {"two tensors are called \"t\""}));
  EXPECT_TRUE(test::says(add(std::string(64, 'n'), {1}), {"64 letters, expected 1 to 63"}));
  EXPECT_TRUE(test::says(add("n", {}), {"0 axes"}));
  EXPECT_TRUE(test::says(add("m", {2, 0}), {"\"m\" has the extent 0"}));
  EXPECT_TRUE(test::says(test::error_of([] { gguf_writer(48); }), {"the alignment is 48"}));
}

TEST_F(gguf_writer_test, a_source_of_another_length_leaves_the_older_file) {
  put("a.gguf", "older");
  gguf_writer writer;
  writer.add_tensor("t", std::vector<std::int64_t>{2}, 0, 8, bytes_of("abcd"));
  EXPECT_TRUE(test::says(test::error_of([&] { writer.write(path("a.gguf")); }),
                         {"a.gguf", "\"t\" gave 4 bytes, expected 8"}));
  EXPECT_EQ(get("a.gguf"), "older");
  EXPECT_EQ(list(), (std::vector<std::string>{"a.gguf"}));
}

}  // namespace gguf_writer_test
}  // namespace radlads::files
