// SPDX-License-Identifier: Apache-2.0
#include "io/safetensors_bytes.hpp"
#include "radlads/io/safetensors_reader.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace radlads::io {
namespace safetensors_reader_test {

using safetensors_reader_test = test::temporary_directory;
using shape = std::vector<std::int64_t>;
using strings = std::vector<std::string>;

std::string one_u8(const std::string& name, char value) {
  return test::safetensors_bytes(
      "{\"" + name + R"(":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
      std::string(1, value));
}

TEST_F(safetensors_reader_test, converts_every_floating_type) {
  const auto file = safetensors_file::open(put("x.safetensors", test::reference_safetensors()));
  std::vector<float> z(4), b(1), c(3), a(1);
  read_tensor(*file.find("z"), shape{2, 2}, z.data());
  read_tensor(*file.find("b"), shape{1}, b.data());
  read_tensor(*file.find("c"), shape{3}, c.data());
  read_tensor(*file.find("a"), shape{1}, a.data());
  EXPECT_EQ(z, (std::vector<float>{1, -2, 0.5f, 3}));
  EXPECT_EQ(b, std::vector<float>{1.5f});
  EXPECT_EQ(c, (std::vector<float>{1, -2, 3.140625f}));
  EXPECT_EQ(a, std::vector<float>{0.1f});
  double wide[3] = {};
  read_tensor(*file.find("a"), shape{1}, wide);
  EXPECT_EQ(wide[0], 0.1);
  read_tensor(*file.find("c"), shape{3}, wide);
  EXPECT_EQ(wide[2], 3.140625);
  read_tensor(*file.find("e"), shape{0, 4}, static_cast<float*>(nullptr));
}

TEST_F(safetensors_reader_test, reads_integers_of_the_same_type_only) {
  const auto file = safetensors_file::open(put("x.safetensors", test::reference_safetensors()));
  std::int64_t n = 0;
  read_tensor(*file.find("n\u00e9\""), shape{}, &n);
  EXPECT_EQ(n, -7);
  std::int32_t k = 0;
  read_tensor(*file.find("k"), shape{1, 1}, &k);
  EXPECT_EQ(k, -3);
  EXPECT_TRUE(test::says(test::error_of([&] {
                           read_tensor(*file.find("k"), shape{1, 1}, &n);
                         }),
                         {path("x.safetensors").string(), "\"k\" is I32, expected I64"}));
  float f = 0;
  EXPECT_TRUE(
      test::says(test::error_of([&] {
                   read_tensor(*file.find("k"), shape{1, 1}, &f);
                 }),
                 {path("x.safetensors").string(), "\"k\" is I32, expected F32, F16, BF16 or F64"}));
}

TEST_F(safetensors_reader_test, another_shape_is_named_with_both_shapes) {
  const auto file = safetensors_file::open(put("x.safetensors", test::reference_safetensors()));
  float out[4];
  EXPECT_TRUE(test::says(test::error_of([&] { read_tensor(*file.find("z"), shape{4}, out); }),
                         {path("x.safetensors").string(), "\"z\" has shape (2, 2), expected (4)"}));
}

TEST_F(safetensors_reader_test, data_need_not_be_aligned) {
  // One byte before them puts the floats at an address that is not a multiple of four.
  const std::string header = R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                             R"("f":{"dtype":"F32","shape":[2],"data_offsets":[1,9]},)"
                             R"("g":{"dtype":"BF16","shape":[1],"data_offsets":[9,11]}})";
  const std::string data("x\x00\x00\x80\x3f\x00\x00\x00\xc0\x80\x40", 11);
  const auto file =
      safetensors_file::open(put("x.safetensors", test::safetensors_bytes(header, data)));
  float f[2] = {};
  double g = 0;
  read_tensor(*file.find("f"), shape{2}, f);
  read_tensor(*file.find("g"), shape{1}, &g);
  EXPECT_EQ(f[0], 1.0f);
  EXPECT_EQ(f[1], -2.0f);
  EXPECT_EQ(g, 4.0);
}

TEST_F(safetensors_reader_test, a_double_outside_float_is_refused) {
  const std::string header = R"({"d":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}})";
  const double values[2] = {HUGE_VAL, 1e300};
  const std::string data(reinterpret_cast<const char*>(values), 16);
  const auto file =
      safetensors_file::open(put("x.safetensors", test::safetensors_bytes(header, data)));
  float out[2];
  EXPECT_TRUE(test::says(test::error_of([&] { read_tensor(*file.find("d"), shape{2}, out); }),
                         {"\"d\"", "too large for float"}));
  EXPECT_TRUE(std::isinf(out[0]));
}

TEST_F(safetensors_reader_test, names_and_find_agree_and_survive_a_move) {
  auto first = safetensors_file::open(put("x.safetensors", test::reference_safetensors()));
  const safetensors_file file = std::move(first);
  EXPECT_EQ(file.names(), (strings{"a", "b", "c", "e", "k", "n\u00e9\"", "u", "z"}));
  for (const std::string& name : file.names()) {
    ASSERT_NE(file.find(name), nullptr) << name;
    EXPECT_EQ(file.find(name)->name, name);
    EXPECT_EQ(file.find(name)->file, path("x.safetensors").string());
  }
  EXPECT_EQ(file.find(""), nullptr);
  EXPECT_EQ(file.find("zz"), nullptr);
  EXPECT_EQ(file.metadata().at("format"), "pt");
}

TEST_F(safetensors_reader_test, a_set_opens_a_file_or_a_directory_with_one) {
  put("model.safetensors", test::reference_safetensors());
  EXPECT_EQ(safetensors_set::open(directory_).names().size(), 8u);
  const auto set = safetensors_set::open(path("model.safetensors"));
  EXPECT_EQ(set.find("u")->data[2], std::byte{255});
  EXPECT_EQ(set.find("v"), nullptr);
  EXPECT_EQ(set.files().size(), 1u);
}

TEST_F(safetensors_reader_test, a_set_follows_its_index) {
  put("one.safetensors", one_u8("a", 1));
  put("two.safetensors",
      test::safetensors_bytes(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                              R"("b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                              "\x07\x02"));
  put("model.safetensors.index.json",
      R"({"weight_map": {"b": "two.safetensors", "lm_head.weight": "two.safetensors",
                         "a": "one.safetensors"}})");
  auto opened = safetensors_set::open(directory_);
  const safetensors_set set = std::move(opened);
  EXPECT_EQ(set.names(), (strings{"a", "b"}));
  EXPECT_EQ(set.find("a")->data[0], std::byte{1});
  EXPECT_EQ(set.find("b")->data[0], std::byte{2});
  EXPECT_TRUE(set.notes().empty());
  // A tied model's index names a head that no shard has.
  EXPECT_EQ(set.find("lm_head.weight"), nullptr);
}

TEST_F(safetensors_reader_test, a_single_file_wins_over_an_index_beside_it) {
  put("model.safetensors", one_u8("a", 9));
  for (const char* shard : {"one.safetensors", "missing.safetensors"}) {
    put("one.safetensors", one_u8("a", 1));
    put("model.safetensors.index.json", R"({"weight_map": {"a": ")" + std::string(shard) + "\"}}");
    const auto set = safetensors_set::open(directory_);
    EXPECT_EQ(set.find("a")->data[0], std::byte{9});
    ASSERT_EQ(set.notes().size(), 1u);
    EXPECT_TRUE(test::says(set.notes()[0], {directory_.string(), "model.safetensors.index.json",
                                            "the single file is read"}));
  }
}

TEST_F(safetensors_reader_test, what_is_missing_from_a_set_is_named) {
  EXPECT_TRUE(test::says(test::error_of([&] { safetensors_set::open(directory_); }),
                         {directory_.string(), "neither model.safetensors nor"}));
  EXPECT_TRUE(test::says(test::error_of([&] { safetensors_set::open(path("none")); }),
                         {path("none").string(), "no such file"}));
  put("one.safetensors", one_u8("a", 1));
  put("model.safetensors.index.json",
      R"({"weight_map": {"a": "one.safetensors", "b": "model-00002-of-00002.safetensors"}})");
  EXPECT_TRUE(
      test::says(test::error_of([&] { safetensors_set::open(directory_); }),
                 {"index.json", "shard model-00002-of-00002.safetensors is missing", "\"b\""}));
  put("model-00002-of-00002.safetensors", one_u8("c", 1));
  EXPECT_TRUE(
      test::says(test::error_of([&] { safetensors_set::open(directory_); }),
                 {"\"b\" is not in model-00002-of-00002.safetensors, the shard named for it"}));
}

TEST_F(safetensors_reader_test, shard_names_are_plain_file_names) {
  std::filesystem::create_directory(path("d"));
  put("a.safetensors", one_u8("a", 1));
  const std::string absolute = path("a.safetensors").string();
  const strings bad = {
      "../a.safetensors",    "..", ".", "", absolute, "x/a.safetensors", "..\\\\a.safetensors",
      "a\\u0000.safetensors"};
  for (const std::string& name : bad) {
    put("d/model.safetensors.index.json", R"({"weight_map": {"a": ")" + name + "\"}}");
    EXPECT_TRUE(test::says(test::error_of([&] { safetensors_set::open(path("d")); }),
                           {"\"a\" must be in a file of the same directory"}))
        << name;
  }
  for (const char* map : {"{}", R"({"weight_map": []})", R"({"weight_map": {"a": 1}})", "[]"}) {
    put("d/model.safetensors.index.json", map);
    EXPECT_TRUE(test::says(test::error_of([&] { safetensors_set::open(path("d")); }),
                           {"model.safetensors.index.json"}))
        << map;
  }
}

TEST_F(safetensors_reader_test, reads_a_real_model) {
  const std::filesystem::path model = test::optional_data() / "teacher" / "stories260K";
  if (!std::filesystem::exists(model)) {
    GTEST_SKIP() << "the optional data are absent; RADLADS_DATA says where they are";
  }
  const auto set = safetensors_set::open(model);
  std::int64_t parameters = 0;
  for (const std::string& name : set.names()) {
    std::int64_t count = 1;
    for (const std::int64_t extent : set.find(name)->shape) count *= extent;
    std::vector<float> values(static_cast<std::size_t>(count));
    read_tensor(*set.find(name), set.find(name)->shape, values.data());
    for (const float value : values) ASSERT_TRUE(std::abs(value) < 100) << name;
    // The biases are zeros that the count of 260,032 leaves out.
    if (!name.ends_with(".bias")) parameters += count;
  }
  EXPECT_EQ(parameters, 260032);
}

}  // namespace safetensors_reader_test
}  // namespace radlads::io
