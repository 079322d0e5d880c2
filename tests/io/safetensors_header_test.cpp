// SPDX-License-Identifier: Apache-2.0
#include "io/safetensors_bytes.hpp"
#include "radlads/io/safetensors_header.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::io {
namespace safetensors_header_test {

safetensors_header read(const std::string& bytes) {
  return read_safetensors_header(std::as_bytes(std::span(bytes)), "x.safetensors");
}

/// The error for a file of this header and data; it must name the file.
std::string refusal(std::string_view header, std::string_view data = "") {
  const std::string bytes = test::safetensors_bytes(header, data);
  const std::string message = test::error_of([&] { read(bytes); });
  EXPECT_TRUE(test::says(message, {"x.safetensors: "}));
  return message;
}

/// The same for one tensor "t" of U8 with this shape and these offsets.
std::string refusal_of_u8(const std::string& shape, const std::string& offsets,
                          std::string_view data = "") {
  return refusal(
      "{\"t\":{\"dtype\":\"U8\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}", data);
}

std::string with_length(std::uint64_t length, std::string_view rest) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes.append(rest);
}

TEST(safetensors_header_test, reads_what_the_reference_library_wrote) {
  const std::string bytes = test::reference_safetensors();
  const safetensors_header header = read(bytes);
  ASSERT_EQ(header.tensors.size(), 8u);
  EXPECT_EQ(header.metadata.at("format"), "pt");
  std::vector<std::string> names;
  for (const tensor_entry& entry : header.tensors) names.push_back(entry.name);
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b", "c", "e", "k", "n\u00e9\"", "u", "z"}));
  const tensor_entry& z = header.tensors[7];
  EXPECT_EQ(z.dtype, dtype::f32);
  EXPECT_EQ(z.shape, (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(z.size, 16u);
  EXPECT_EQ(z.file, "x.safetensors");
  float last = 0;
  std::memcpy(&last, z.data + 12, 4);
  EXPECT_EQ(last, 3.0f);
  EXPECT_EQ(header.tensors[3].size, 0u);
  EXPECT_TRUE(header.tensors[5].shape.empty());
}

TEST(safetensors_header_test, no_tensors_at_all_is_valid) {
  EXPECT_TRUE(read(test::safetensors_bytes("{}", "")).tensors.empty());
  EXPECT_TRUE(read(test::safetensors_bytes("{}      ", "")).tensors.empty());
  EXPECT_TRUE(test::says(refusal("{}", "1"), {"1 bytes after the last tensor"}));
}

TEST(safetensors_header_test, a_length_that_cannot_be_is_refused) {
  EXPECT_TRUE(test::says(test::error_of([] { read(""); }), {"at least 8 bytes", "has 0"}));
  EXPECT_TRUE(test::says(test::error_of([] { read("1234567"); }), {"has 7"}));
  EXPECT_TRUE(test::says(test::error_of([] { read(with_length(~std::uint64_t{0}, "{}")); }),
                         {"18446744073709551615", "more than the 100000000"}));
  EXPECT_TRUE(
      test::says(test::error_of([] { read(with_length(100'000'001, "{}")); }), {"100000001"}));
  EXPECT_TRUE(test::says(test::error_of([] { read(with_length(100'000'000, "{}")); }),
                         {"only 2 follow", "truncated"}));
  EXPECT_TRUE(test::says(test::error_of([] { read(with_length(3, "{}")); }), {"truncated"}));
  EXPECT_TRUE(
      test::says(test::error_of([] { read(with_length(0, "{}")); }), {"does not start with {"}));
}

TEST(safetensors_header_test, every_truncation_is_refused) {
  const std::string whole = test::reference_safetensors();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(read(whole.substr(0, size)), error) << size;
  }
  EXPECT_THROW(read(whole + '\0'), error);
  EXPECT_THROW(read(whole + whole), error);
}

TEST(safetensors_header_test, a_changed_byte_never_gives_a_tensor_outside_the_file) {
  const std::string whole = test::reference_safetensors();
  for (std::size_t place = 0; place < whole.size() - 47; ++place) {
    for (const char other : {'\0', ' ', '"', '0', '9', '-', '[', '}', '\x80', '\xff'}) {
      std::string bytes = whole;
      bytes[place] = other;
      try {
        const safetensors_header header = read(bytes);
        const auto* end = reinterpret_cast<const std::byte*>(bytes.data() + bytes.size());
        for (const tensor_entry& entry : header.tensors) ASSERT_LE(entry.data + entry.size, end);
      } catch (const error&) {
      }
    }
  }
}

TEST(safetensors_header_test, the_layout_has_no_hole_overlap_or_end_beyond_the_file) {
  const auto two = [](const char* first, const char* second) {
    return std::string("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":") + first +
           "},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" + second + "}}";
  };
  EXPECT_EQ(read(test::safetensors_bytes(two("[4,8]", "[0,4]"), "12345678")).tensors.size(), 2u);
  EXPECT_TRUE(test::says(refusal(two("[0,4]", "[3,7]"), "1234567"), {"\"b\"", "overlaps"}));
  EXPECT_TRUE(test::says(refusal(two("[0,4]", "[0,4]"), "1234"), {"\"b\"", "overlaps"}));
  EXPECT_TRUE(test::says(refusal(two("[0,4]", "[5,9]"), "123456789"), {"\"b\"", "hole"}));
  EXPECT_TRUE(test::says(refusal(two("[1,5]", "[5,9]"), "123456789"), {"\"a\"", "hole"}));
  EXPECT_TRUE(test::says(refusal(two("[0,4]", "[4,8]"), "1234567"), {"\"b\"", "truncated"}));
  EXPECT_TRUE(test::says(refusal(two("[0,4]", "[4,8]"), "12345678PK"), {"2 bytes after"}));
  EXPECT_TRUE(test::says(refusal_of_u8("[4]", "[4,0]", "1234"), {"\"t\"", "bytes 4 to 0"}));
  EXPECT_TRUE(test::says(refusal_of_u8("[4]", "[0,18446744073709551615]", "1234"),
                         {"18446744073709551615", "truncated"}));
}

TEST(safetensors_header_test, a_shape_must_give_the_bytes) {
  EXPECT_TRUE(test::says(refusal_of_u8("[2,3]", "[0,5]", "12345"), {"(2, 3) U8 needs 6", "5"}));
  EXPECT_TRUE(test::says(refusal_of_u8("[4294967296,4294967296]", "[0,0]"),
                         {"(4294967296, 4294967296)", "not a whole number of bytes"}));
  EXPECT_TRUE(test::says(
      refusal(R"({"t":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}})"),
      {"(2305843009213693952) F64", "not a whole number of bytes"}));
  EXPECT_TRUE(test::says(refusal_of_u8("[9007199254740993]", "[0,1]", "1"),
                         {"9007199254740993", "needs 9007199254740993 bytes"}));
  EXPECT_TRUE(test::says(refusal_of_u8("[9223372036854775808]", "[0,1]", "1"), {"too large"}));
  for (const char* bad : {"[-1]", "[-0]", "[1.5]", "[1e3]", "[1.0]", "[\"1\"]", "[[1]]", "[null]",
                          "[true]", "[{}]", "[18446744073709551616]"}) {
    EXPECT_TRUE(test::says(refusal_of_u8(bad, "[0,1]", "1"), {"the shape of tensor \"t\""})) << bad;
  }
  for (const char* bad : {"1", "\"1\"", "null", "{}", "-1"}) {
    EXPECT_TRUE(test::says(refusal_of_u8(bad, "[0,1]", "1"), {"the shape of tensor \"t\""})) << bad;
  }
  std::string ones = "[1";
  for (int i = 0; i < 100; ++i) ones += ",1";
  EXPECT_TRUE(test::says(refusal_of_u8(ones + "]", "[0,1]", "1"), {"too large"}));
}

TEST(safetensors_header_test, offsets_must_be_two_positions) {
  for (const char* bad :
       {"[]", "[0]", "[0,1,1]", "[-1,1]", "[0,1.0]", "[0,\"1\"]", "[0,[1]]", "0", "null", "{}"}) {
    EXPECT_TRUE(test::says(refusal_of_u8("[1]", bad, "1"), {"data_offsets of tensor \"t\""}))
        << bad;
  }
}

TEST(safetensors_header_test, nothing_may_appear_twice) {
  const std::string t = R"({"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  EXPECT_TRUE(test::says(
      refusal(R"({"t":)" + t + R"(,"t":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})", "12"),
      {"\"t\" appears twice"}));
  EXPECT_TRUE(test::says(
      refusal(R"({"t":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}})", "1"),
      {"\"t\" has two keys \"dtype\""}));
  EXPECT_TRUE(test::says(refusal(R"({"__metadata__":{},"__metadata__":{}})"), {"twice"}));
  EXPECT_TRUE(test::says(refusal(R"({"__metadata__":{"a":"1","a":"2"}})"), {"twice"}));
}

TEST(safetensors_header_test, keys_types_and_metadata_are_those_of_the_format) {
  EXPECT_TRUE(test::says(refusal(R"({"t":{"dtype":"F99","shape":[1],"data_offsets":[0,1]}})", "1"),
                         {"\"t\"", "unknown dtype \"F99\""}));
  EXPECT_TRUE(test::says(refusal(R"({"t":{"dtype":5,"shape":[1],"data_offsets":[0,1]}})", "1"),
                         {"\"t\"", "must be a string"}));
  EXPECT_TRUE(test::says(refusal(R"({"t":{"dtype":"U8","shape":[1]}})"), {"\"t\" lacks"}));
  EXPECT_TRUE(test::says(refusal(R"({"t":{}})"), {"\"t\" lacks"}));
  EXPECT_TRUE(test::says(refusal(R"({"t":{"dtype":"U8","x":1}})"), {"unknown key \"x\""}));
  EXPECT_TRUE(test::says(refusal(R"({"t":[1]})"), {"\"t\" must be an object"}));
  for (const char* bad : {"1", "null", "[]", "{\"a\":1}", "{\"a\":null}", "{\"a\":{}}"}) {
    EXPECT_TRUE(test::says(refusal(std::string("{\"__metadata__\":") + bad + "}"),
                           {"must map strings to strings"}))
        << bad;
  }
}

TEST(safetensors_header_test, text_that_is_not_one_json_object_is_refused) {
  EXPECT_TRUE(test::says(refusal("[]"), {"does not start with {"}));
  EXPECT_TRUE(test::says(refusal(" {}"), {"does not start with {"}));
  EXPECT_TRUE(test::says(refusal("\xef\xbb\xbf{}"), {"does not start with {"}));
  EXPECT_TRUE(test::says(refusal("{"), {"not valid JSON"}));
  EXPECT_TRUE(test::says(refusal("{}{}"), {"not valid JSON"}));
  EXPECT_TRUE(test::says(refusal("{}x"), {"not valid JSON"}));
  EXPECT_TRUE(test::says(refusal(std::string_view("{}\0{", 4)), {"zero byte"}));
  EXPECT_TRUE(test::says(refusal("{\"\xff\":1}"), {"not valid JSON"}));
  EXPECT_TRUE(test::says(refusal("{\"\xc0\xaf\":1}"), {"not valid JSON"}));
  EXPECT_TRUE(test::says(refusal("{\"\\ud800\":1}"), {"not valid JSON"}));
  EXPECT_TRUE(test::says(refusal("{\"a\\u0000b\":1}"), {"zero byte"}));
}

TEST(safetensors_header_test, deep_nesting_and_many_keys_end_early) {
  const std::string deep(1'000'000, '[');
  EXPECT_TRUE(test::says(refusal("{\"t\":" + deep), {"must be an object"}));
  EXPECT_TRUE(test::says(refusal("{\"t\":{\"shape\":" + deep), {"the shape of tensor"}));
  std::string many = "{";
  for (int i = 0; i < 200'000; ++i) {
    many += (i == 0 ? "\"" : ",\"") + std::to_string(i) +
            R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  }
  EXPECT_EQ(read(test::safetensors_bytes(many + "}", "")).tensors.size(), 200'000u);
}

}  // namespace safetensors_header_test
}  // namespace radlads::io
