// SPDX-License-Identifier: Apache-2.0
#include "io/safetensors_bytes.hpp"
#include "radlads/io/safetensors_writer.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace radlads::io {
namespace safetensors_writer_test {

using safetensors_writer_test = test::temporary_directory;
using strings = std::vector<std::string>;

TEST_F(safetensors_writer_test, writes_the_bytes_of_the_reference_library) {
  const float z[] = {1, -2, 0.5f, 3};
  const float b[] = {1.5f};
  const double c[] = {1, -2, 3.140625};
  const double a[] = {0.1};
  const std::int64_t n[] = {-7};
  const std::uint8_t u[] = {1, 2, 255};
  const std::int32_t k[] = {-3};
  safetensors_writer writer;
  writer.add("z", dtype::f32, {2, 2}, z);
  writer.add("b", dtype::f16, {1}, b);
  writer.add("c", dtype::bf16, {3}, c);
  writer.add("a", dtype::f64, {1}, a);
  writer.add("n\u00e9\"", dtype::i64, {}, n);
  writer.add("e", dtype::f32, {0, 4}, static_cast<const float*>(nullptr));
  writer.add("u", dtype::u8, {3}, u);
  writer.add("k", dtype::i32, {1, 1}, k);
  writer.add_metadata("format", "pt");
  writer.write(path("x.safetensors"));
  EXPECT_EQ(get("x.safetensors"), test::reference_safetensors());
}

TEST_F(safetensors_writer_test, nothing_to_write_is_a_valid_file) {
  safetensors_writer().write(path("x.safetensors"));
  EXPECT_EQ(get("x.safetensors"), test::safetensors_bytes("{}      ", ""));
}

TEST_F(safetensors_writer_test, converts_more_than_one_chunk) {
  std::vector<float> values(200'001);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 256);
  safetensors_writer writer;
  writer.add("x", dtype::bf16, {200'001}, values.data());
  writer.write(path("x.safetensors"));
  const std::string bytes = get("x.safetensors");
  const std::size_t data = bytes.size() - 2 * values.size();
  for (std::size_t i = 0; i < values.size(); ++i) {
    // Integers up to 256 are exact in bf16: its bits are the upper half of the float's.
    std::uint16_t bits = 0;
    std::memcpy(&bits, bytes.data() + data + 2 * i, 2);
    const std::uint32_t word = std::uint32_t{bits} << 16;
    float value = 0;
    std::memcpy(&value, &word, 4);
    ASSERT_EQ(value, values[i]) << i;
  }
}

TEST_F(safetensors_writer_test, a_value_that_does_not_fit_is_refused) {
  put("x.safetensors", "old");
  const float infinite[] = {HUGE_VALF, std::numeric_limits<float>::quiet_NaN()};
  safetensors_writer writer;
  writer.add("inf", dtype::f16, {2}, infinite);
  writer.write(path("x.safetensors"));
  put("x.safetensors", "old");
  const float large[] = {1, 65520};
  writer.add("w", dtype::f16, {2}, large);
  EXPECT_TRUE(test::says(test::error_of([&] { writer.write(path("x.safetensors")); }),
                         {path("x.safetensors").string(), "\"w\"", "too large for F16"}));
  EXPECT_EQ(get("x.safetensors"), "old");
  EXPECT_EQ(list(), strings{"x.safetensors"});
}

TEST_F(safetensors_writer_test, bad_tensors_are_refused_when_added) {
  const float x[] = {1};
  const std::int32_t i[] = {1};
  safetensors_writer writer;
  writer.add("x", dtype::f32, {1}, x);
  EXPECT_TRUE(test::says(test::error_of([&] { writer.add("x", dtype::f32, {1}, x); }),
                         {"\"x\" was added before"}));
  EXPECT_TRUE(test::says(test::error_of([&] { writer.add("__metadata__", dtype::f32, {1}, x); }),
                         {"__metadata__"}));
  EXPECT_TRUE(
      test::says(test::error_of([&] { writer.add("y", dtype::f32, {-1}, x); }), {"\"y\"", "(-1)"}));
  EXPECT_TRUE(test::says(test::error_of([&] { writer.add("y", dtype::f32, {1}, i); }),
                         {"\"y\" is I32 and cannot be stored as F32"}));
  EXPECT_TRUE(test::says(test::error_of([&] { writer.add("y", dtype::u8, {1}, x); }),
                         {"\"y\" is F32 and cannot be stored as U8"}));
  writer.add("\xff", dtype::f32, {1}, x);
  EXPECT_TRUE(test::says(test::error_of([&] { writer.write(path("x.safetensors")); }),
                         {path("x.safetensors").string(), "UTF-8"}));
}

TEST_F(safetensors_writer_test, shards_keep_the_order_of_addition) {
  const std::uint8_t bytes[10] = {};
  safetensors_writer writer;
  writer.add("d", dtype::u8, {4}, bytes);
  writer.add("c", dtype::u8, {6}, bytes);
  writer.add("b", dtype::u8, {1}, bytes);
  // Larger than a shard: it stands alone.
  writer.add("a", dtype::u8, {10}, bytes);
  std::filesystem::create_directory(path("m"));
  writer.write_sharded(path("m"), 9);
  EXPECT_EQ(get("m/model.safetensors.index.json"),
            "{\n  \"metadata\": {\n    \"total_size\": 21\n  },\n  \"weight_map\": {\n"
            "    \"a\": \"model-00003-of-00003.safetensors\",\n"
            "    \"b\": \"model-00002-of-00003.safetensors\",\n"
            "    \"c\": \"model-00002-of-00003.safetensors\",\n"
            "    \"d\": \"model-00001-of-00003.safetensors\"\n  }\n}\n");
  EXPECT_TRUE(std::filesystem::exists(path("m/model-00003-of-00003.safetensors")));
  EXPECT_TRUE(test::says(test::error_of([&] { writer.write_sharded(path("m"), 100); }),
                         {path("m").string(), "already holds model.safetensors.index.json"}));
}

TEST_F(safetensors_writer_test, what_fits_is_one_file_without_an_index) {
  const std::uint8_t bytes[10] = {};
  safetensors_writer writer;
  writer.add("a", dtype::u8, {5}, bytes);
  writer.add("b", dtype::u8, {5}, bytes);
  writer.write_sharded(directory_, 10);
  EXPECT_EQ(list(), strings{"model.safetensors"});
}

}  // namespace safetensors_writer_test
}  // namespace radlads::io
