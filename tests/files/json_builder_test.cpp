// SPDX-License-Identifier: Apache-2.0
#include "radlads/files/json_builder.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace radlads::files {
namespace json_builder_test {

using json = nlohmann::json;

json built(const std::string& text, std::size_t max_depth = 8) {
  const std::string where = "file.json";
  json_builder builder(where, max_depth);
  EXPECT_TRUE(json::sax_parse(text, &builder)) << builder.problem();
  return builder.take();
}

TEST(json_builder, builds_what_the_parser_builds_by_itself) {
  for (const char* text :
       {R"({"a": [1, -2, 2.5, true, null, "x", [], {}], "b": {"c": {"d": [[1], {"e": 2}]}}})", "5",
        R"("text")", "[[[1, 2], [3]], {\"\": 18446744073709551615}]"}) {
    EXPECT_EQ(built(text), json::parse(text)) << text;
  }
}

TEST(json_builder, refuses_depth_and_keys_that_come_twice) {
  EXPECT_EQ(built("[[1]]", 2), json::parse("[[1]]"));
  EXPECT_NE(test::error_of([] { built("[[[1]]]", 2); }).find("deeper than 2"), std::string::npos);
  EXPECT_NE(test::error_of([] { built(R"({"a": {"b": 1, "b": 2}})"); }).find("\"b\" appears twice"),
            std::string::npos);
  EXPECT_EQ(built(R"({"a": {"a": 1}, "b": {"a": 1}})")["b"]["a"], 1);
}

TEST(json_builder, takes_linear_time_for_a_list_of_objects) {
  std::string text = "[{}";
  for (int i = 1; i < 300000; ++i) text += ",{}";  // in quadratic time a matter of hours
  EXPECT_EQ(built(text + "]").size(), 300000u);
}

TEST(json_builder, clears_what_a_value_holds) {
  json list = built(R"([1, ["a", {"b": [2]}], {}])"),
       object = built(R"({"a": {"b": []}, "c": "d"})");
  clear_json(list);
  EXPECT_EQ(list, json::array());
  json number = 5;
  clear_json(number);
  EXPECT_EQ(number, 5);
  {
    const json_clearer clearer(object);
    EXPECT_EQ(object.size(), 2u);
  }
  EXPECT_EQ(object, json::object());
}

}  // namespace json_builder_test
}  // namespace radlads::files
