// SPDX-License-Identifier: Apache-2.0
#include "radlads/files/json.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::files {
namespace json_test {

using json_test = test::temporary_directory;

TEST_F(json_test, reads_values_by_key_and_type) {
  const json config = read_json(put("config.json",
                                    R"({"n": 3, "x": 2, "y": 0.5, "s": "a", "b": true,
                                        "l": [1, 2], "o": {"k": 1}, "z": null})"));
  EXPECT_EQ(json_get<int>(config, "n", "config.json"), 3);
  EXPECT_EQ(json_get<double>(config, "x", "config.json"), 2.0);
  EXPECT_EQ(json_get<float>(config, "y", "config.json"), 0.5f);
  EXPECT_EQ(json_get<std::string>(config, "s", "config.json"), "a");
  EXPECT_TRUE(json_get<bool>(config, "b", "config.json"));
  EXPECT_EQ(json_get<std::vector<std::int64_t>>(config, "l", "config.json"),
            (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(json_get<int>(json_get<json>(config, "o", "config.json"), "k", "config.json"), 1);
  EXPECT_FALSE(json_find<int>(config, "none", "config.json").has_value());
  EXPECT_FALSE(json_find<int>(config, "z", "config.json").has_value());
}

TEST_F(json_test, a_missing_key_is_named) {
  const std::string message =
      test::error_of([] { json_get<int>(json::object(), "hidden_size", "config.json"); });
  EXPECT_TRUE(test::says(message, {"config.json", "\"hidden_size\"", "missing", "integer"}));
}

TEST_F(json_test, a_wrong_type_names_key_type_and_value) {
  const json config = {{"n", 2.5}, {"b", true}, {"big", 3000000000}, {"l", {1, "a"}}, {"s", 1}};
  EXPECT_TRUE(test::says(test::error_of([&] { json_get<int>(config, "n", "c.json"); }),
                         {"c.json", "\"n\"", "integer", "found 2.5"}));
  EXPECT_TRUE(test::says(test::error_of([&] { json_get<int>(config, "b", "c.json"); }),
                         {"\"b\"", "integer", "found true"}));
  EXPECT_TRUE(test::says(test::error_of([&] { json_get<double>(config, "b", "c.json"); }),
                         {"\"b\"", "a number", "found true"}));
  EXPECT_TRUE(test::says(test::error_of([&] { json_get<std::int32_t>(config, "big", "c.json"); }),
                         {"\"big\"", "2147483647", "found 3000000000"}));
  EXPECT_TRUE(test::says(test::error_of([&] { json_get<std::vector<int>>(config, "l", "c.json"); }),
                         {"\"l\"", "a list", "found [1,\"a\"]"}));
  EXPECT_TRUE(test::says(test::error_of([&] { json_find<std::string>(config, "s", "c.json"); }),
                         {"\"s\"", "a string", "found 1"}));
  EXPECT_TRUE(test::says(test::error_of([] { json_get<int>(json(7), "s", "c.json"); }),
                         {"c.json", "expected an object", "found 7"}));
}

TEST_F(json_test, bad_text_names_file_line_and_column) {
  const std::string message =
      test::error_of([&] { read_json(put("config.json", "{\"a\": 1,\n \"b\": }")); });
  EXPECT_TRUE(test::says(message, {path("config.json").string(), "line 2, column 7"}));
  EXPECT_EQ(message.find("json.exception"), std::string::npos);
  EXPECT_TRUE(test::says(test::error_of([&] { read_json(put("empty.json", "")); }),
                         {"empty.json", "not valid JSON"}));
}

TEST_F(json_test, text_that_two_readers_would_read_differently_is_refused) {
  EXPECT_TRUE(test::says(test::error_of([] { parse_json(R"({"a": 1, "a": 2})", "x"); }),
                         {"x: key \"a\" appears twice"}));
  EXPECT_EQ(parse_json(R"([{"a": 1}, {"a": 2}, {"b": {"a": 3}, "a": 4}])", "x").size(), 3u);
  EXPECT_TRUE(test::says(test::error_of([] { parse_json(std::string_view("1\0 2", 4), "x"); }),
                         {"zero byte"}));
  EXPECT_TRUE(test::says(test::error_of([] { parse_json("\"\xff\"", "x"); }), {"UTF-8"}));
  EXPECT_TRUE(test::says(test::error_of([] { parse_json("1 2", "x"); }), {"not valid JSON"}));
}

TEST_F(json_test, deep_nesting_is_refused) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(parse_json(nested(100), "x").is_array());
  EXPECT_TRUE(test::says(test::error_of([&] { parse_json(nested(1000000), "x"); }),
                         {"nested deeper than 128"}));
}

TEST_F(json_test, writes_whole_files) {
  write_json(path("a.json"), {{"b", {1, 2}}, {"a", "\u00e9"}});
  EXPECT_EQ(get("a.json"), "{\n  \"a\": \"\u00e9\",\n  \"b\": [\n    1,\n    2\n  ]\n}\n");
  const std::string message = test::error_of([&] { write_json(path("a.json"), json("\xff")); });
  EXPECT_TRUE(test::says(message, {path("a.json").string(), "UTF-8"}));
  EXPECT_EQ(read_json(path("a.json")).size(), 2u);
}

}  // namespace json_test
}  // namespace radlads::files
