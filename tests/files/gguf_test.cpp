// SPDX-License-Identifier: Apache-2.0
#include "radlads/files/gguf.hpp"
#include "support/gguf_bytes.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::files {
namespace gguf_test {

using test::gguf_bytes;

class gguf_test : public test::temporary_directory {
 protected:
  gguf_file open(const std::string& bytes) const {
    put("a.gguf", bytes);
    return gguf_file::open(path("a.gguf"));
  }
  std::string refusal(const std::string& bytes) const {
    return test::error_of([&] { (void)open(bytes); });
  }
};

gguf_bytes small() {
  gguf_bytes file;
  file.string("general.architecture", "llama")
      .integer("llama.block_count", 2)
      .real("epsilon", 0.5f);
  file.boolean("tokenizer.ggml.add_bos_token", false)
      .strings("tokens", {"a", "", "bc"})
      .integers("types", {1, -3});
  file.floats("one", {3}, {1, 2, 3}).floats("two", {2, 2}, {4, 5, 6, 7});
  return file;
}

TEST_F(gguf_test, reads_metadata_and_places_of_tensors) {
  for (const std::uint32_t version : {2u, 3u}) {
    const gguf_file file = open(small().bytes(version));
    EXPECT_EQ(file.get<std::string_view>("general.architecture"), "llama");
    EXPECT_EQ(file.get<std::int64_t>("llama.block_count"), 2);
    EXPECT_EQ(file.get<double>("llama.block_count"), 2.0);
    EXPECT_EQ(file.get<double>("epsilon"), 0.5);
    EXPECT_FALSE(file.get<bool>("tokenizer.ggml.add_bos_token"));
    EXPECT_EQ(file.get<gguf_strings>("tokens"), (gguf_strings{"a", "", "bc"}));
    EXPECT_EQ(file.get<gguf_numbers>("types"), (gguf_numbers{1, -3}));
    EXPECT_EQ(file.find<bool>("absent"), std::nullopt);
    const gguf_tensor* two = file.find_tensor("two");
    ASSERT_NE(two, nullptr);
    EXPECT_EQ(two->extents, (std::vector<std::int64_t>{2, 2}));
    float values[4];
    std::memcpy(values, file.data(two->offset), sizeof(values));
    EXPECT_EQ(values[3], 7);
    EXPECT_EQ(file.find_tensor("three"), nullptr);
  }
}

TEST_F(gguf_test, every_integer_type_is_read) {
  gguf_bytes bytes;
  bytes.pair("u8", 0, "\xff")
      .pair("i8", 1, "\xff")
      .pair("u16", 2, "\xff\xff")
      .pair("i16", 3, "\xfe\xff");
  bytes.pair("i32", 5, gguf_bytes::raw(std::int32_t{-7}))
      .pair("u64", 10, gguf_bytes::raw(std::uint64_t{1} << 40));
  bytes.pair("i64", 11, gguf_bytes::raw(std::int64_t{-9})).pair("f64", 12, gguf_bytes::raw(0.25));
  const gguf_file file = open(bytes.bytes());
  EXPECT_EQ(file.get<std::int64_t>("u8"), 255);
  EXPECT_EQ(file.get<std::int64_t>("i8"), -1);
  EXPECT_EQ(file.get<std::int64_t>("u16"), 65535);
  EXPECT_EQ(file.get<std::int64_t>("i16"), -2);
  EXPECT_EQ(file.get<std::int64_t>("i32"), -7);
  EXPECT_EQ(file.get<std::int64_t>("u64"), std::int64_t{1} << 40);
  EXPECT_EQ(file.get<std::int64_t>("i64"), -9);
  EXPECT_EQ(file.get<double>("f64"), 0.25);
}

TEST_F(gguf_test, wrong_kinds_of_values_are_named) {
  const gguf_file file = open(small().bytes());
  EXPECT_TRUE(
      test::says(test::error_of([&] { (void)file.get<std::int64_t>("general.architecture"); }),
                 {"a.gguf", "\"general.architecture\" must be an integer", "found a string"}));
  EXPECT_TRUE(test::says(test::error_of([&] { (void)file.get<gguf_strings>("types"); }),
                         {"\"types\" must be a list of strings", "found a list of numbers"}));
  EXPECT_TRUE(test::says(test::error_of([&] { (void)file.get<bool>("absent"); }),
                         {"\"absent\" is missing"}));
}

TEST_F(gguf_test, a_file_cut_anywhere_is_refused_or_whole) {
  const std::string whole = small().bytes();
  const std::size_t data = whole.size() - 64;  // two tensors, 32 bytes each with padding
  for (std::size_t size = 0; size < data; ++size) {
    EXPECT_TRUE(test::says(refusal(whole.substr(0, size)), {"a.gguf"})) << size;
  }
}

TEST_F(gguf_test, hostile_headers_are_refused) {
  EXPECT_TRUE(test::says(refusal("GGML"), {"does not begin with GGUF"}));
  EXPECT_TRUE(test::says(refusal(small().bytes(1)), {"GGUF version 1, expected 2 or 3"}));
  EXPECT_TRUE(test::says(refusal(small().bytes(0x03000000)), {"big-endian"}));
  const std::string start = "GGUF" + gguf_bytes::raw(std::uint32_t{3});
  EXPECT_TRUE(test::says(
      refusal(start + gguf_bytes::raw(~std::uint64_t{0}) + gguf_bytes::raw(std::uint64_t{0})),
      {"claims 18446744073709551615 tensors"}));
  EXPECT_TRUE(test::says(
      refusal(start + gguf_bytes::raw(std::uint64_t{0}) + gguf_bytes::raw(~std::uint64_t{0} / 2)),
      {"claims 9223372036854775807 metadata pairs"}));
  EXPECT_TRUE(
      test::says(refusal(gguf_bytes().pair("k", 8, gguf_bytes::raw(~std::uint64_t{0})).bytes()),
                 {"claims 18446744073709551615 bytes"}));
  EXPECT_TRUE(test::says(refusal(gguf_bytes().pair("k", 13, "").bytes()), {"value type 13"}));
  const std::string list = gguf_bytes::raw(std::uint32_t{9}) + gguf_bytes::raw(std::uint64_t{1});
  EXPECT_TRUE(test::says(refusal(gguf_bytes().pair("k", 9, list).bytes()), {"list of lists"}));
  const std::string many =
      gguf_bytes::raw(std::uint32_t{8}) + gguf_bytes::raw(std::uint64_t{1} << 61);
  EXPECT_TRUE(test::says(refusal(gguf_bytes().pair("k", 9, many).bytes()),
                         {"2305843009213693952 elements"}));
  EXPECT_TRUE(test::says(refusal(gguf_bytes().integer("k", 1).integer("k", 2).bytes()),
                         {"\"k\" appears twice"}));
  EXPECT_TRUE(test::says(refusal(gguf_bytes().pair("k", 7, "\x02").bytes()),
                         {"expected true (1) or false (0)"}));
}

TEST_F(gguf_test, hostile_tensors_are_refused) {
  const std::string none;
  EXPECT_TRUE(test::says(refusal(gguf_bytes().tensor("t", {}, 0, none).bytes()), {"0 axes"}));
  EXPECT_TRUE(
      test::says(refusal(gguf_bytes().tensor("t", {1, 1, 1, 1, 1}, 0, none).bytes()), {"5 axes"}));
  EXPECT_TRUE(test::says(refusal(gguf_bytes().tensor("t", {0}, 0, none).bytes()), {"extent 0"}));
  EXPECT_TRUE(test::says(
      refusal(gguf_bytes().tensor("t", {1u << 31, 1u << 31, 4}, 0, none).bytes()), {"63 bits"}));
  EXPECT_TRUE(test::says(
      refusal(gguf_bytes().tensor("t", {1}, 0, "abcd").tensor("t", {1}, 0, "abcd").bytes()),
      {"\"t\" appears twice"}));
  EXPECT_TRUE(
      test::says(refusal(gguf_bytes().integer("general.alignment", 3).bytes()), {"power of two"}));
  EXPECT_TRUE(
      test::says(refusal(gguf_bytes().integer("general.alignment", 0).bytes()), {"power of two"}));
  const std::string padded(64, 'x');
  EXPECT_TRUE(test::says(refusal(gguf_bytes()
                                     .integer("general.alignment", 128)
                                     .tensor("a", {16}, 0, padded)
                                     .tensor("b", {16}, 0, padded)
                                     .bytes()),
                         {"\"b\" is at offset 64, not a multiple of the alignment 128"}));
}

}  // namespace gguf_test
}  // namespace radlads::files
