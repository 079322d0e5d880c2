// SPDX-License-Identifier: Apache-2.0
// Model folders with tokenizer.json, with vocab.json and merges.txt, and with neither.

#include "radlads/text/tokenizer_folder.hpp"
#include "support/temporary_directory.hpp"
#include "text/small_tokenizer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace radlads::text {
namespace tokenizer_folder_test {

using test::error_of;
using test::json;
using test::says;

/// The pattern of the last step of a pre-tokenizer.
split_pattern split_of(const tokenizer_description& description) {
  const auto& step = std::get<split_step>(description.pre_tokenizer.steps().back());
  return std::get<split_pattern>(step.pattern);
}

class tokenizer_folder : public test::temporary_directory {
 protected:
  void put_pair(const std::string& merges, const std::string& config) const {
    put("vocab.json", R"({"a": 0, "b": 1, "c": 2, "ab": 3, "abc": 4, "<|endoftext|>": 5})");
    put("merges.txt", merges);
    put("tokenizer_config.json", config);
  }

  std::string pair_error(const std::string& merges) const {
    put_pair(merges, R"({"tokenizer_class": "GPT2Tokenizer"})");
    return error_of([&] { describe_tokenizer(directory_); });
  }
};

TEST_F(tokenizer_folder, with_a_pair_of_files) {
  put_pair("#version: 0.2\na b\nab c\n", R"({"tokenizer_class": "Qwen2Tokenizer"})");
  for (const auto& place : {directory_, path("vocab.json"), path("merges.txt")}) {
    const tokenizer_description description = describe_tokenizer(place);
    EXPECT_EQ(split_of(description), split_pattern::qwen2);
    EXPECT_EQ(description.normalizer("e\u0301"), "\u00e9");
    EXPECT_TRUE(description.is_byte_level);
    ASSERT_EQ(description.merges.size(), 2u);
    EXPECT_EQ(description.merges[1].result, 4);
    ASSERT_EQ(description.added.size(), 1u);
    EXPECT_EQ(description.added[0].id, 5);
    EXPECT_TRUE(description.added[0].is_special);
    EXPECT_FALSE(description.bos_id);
  }
}

TEST_F(tokenizer_folder, takes_the_family_from_config_json_too) {
  put_pair("a b\n", "{}");
  put("config.json", R"({"model_type": "gpt2"})");
  EXPECT_EQ(split_of(describe_tokenizer(directory_)), split_pattern::gpt2);
  put("config.json", R"({"model_type": "bert"})");
  EXPECT_TRUE(says(error_of([&] { describe_tokenizer(directory_); }), {"'bert'", "qwen2", "gpt2"}));
}

TEST_F(tokenizer_folder, reads_merges_with_carriage_returns) {
  put_pair("#version: 0.2\r\na b\r\nab c", R"({"tokenizer_class": "GPT2Tokenizer"})");
  EXPECT_EQ(describe_tokenizer(directory_).merges.size(), 2u);
}

TEST_F(tokenizer_folder, names_the_line_of_a_broken_merge) {
  EXPECT_TRUE(says(pair_error("a b\na z\n"), {"merges.txt", "line 2", "'z'"}));
  EXPECT_TRUE(says(pair_error("a b\nb c\n"), {"merges.txt", "line 2", "'bc'"}));
  EXPECT_TRUE(says(pair_error("a b\nabc\n"), {"merges.txt", "line 2", "'abc'", "one space"}));
  EXPECT_TRUE(says(pair_error("#version\na b c\n"), {"merges.txt", "line 2", "'a b c'"}));
}

TEST_F(tokenizer_folder, reads_added_tokens_and_ends) {
  put_pair("a b\n", R"({"tokenizer_class": "GPT2Tokenizer", "eos_token": {"content": "<e>"},
                        "bos_token": "<b>", "add_bos_token": true, "added_tokens_decoder":
                        {"7": {"content": "<e>", "lstrip": true, "special": true}}})");
  put("added_tokens.json", R"({"<b>": 6, "<e>": 7, "<plain>": 8})");
  const tokenizer_description description = describe_tokenizer(directory_);
  EXPECT_EQ(description.bos_id, 6);
  EXPECT_EQ(description.eos_id, 7);
  EXPECT_EQ(description.post_processor.prefix(), std::vector<std::int32_t>{6});
  ASSERT_EQ(description.added.size(), 4u);
  for (const added_token& token : description.added) {
    EXPECT_EQ(token.is_special, token.content != "<plain>") << token.content;
    EXPECT_EQ(token.strips_left, token.content == "<e>") << token.content;
  }
}

TEST_F(tokenizer_folder, refuses_an_end_that_is_no_token) {
  put("tokenizer.json", test::small_byte_level().dump());
  put("tokenizer_config.json", R"({"eos_token": "<none>"})");
  EXPECT_TRUE(says(error_of([&] { describe_tokenizer(directory_); }),
                   {"tokenizer_config.json", "eos_token", "<none>"}));
}

TEST_F(tokenizer_folder, takes_the_beginning_from_the_template_without_a_config) {
  put("tokenizer.json", test::small_byte_fallback().dump());
  EXPECT_EQ(describe_tokenizer(directory_).bos_id, 1);
  EXPECT_FALSE(describe_tokenizer(directory_).eos_id);
  put("tokenizer_config.json", R"({"bos_token": null, "eos_token": "</s>"})");
  EXPECT_FALSE(describe_tokenizer(path("tokenizer.json")).bos_id);
  EXPECT_EQ(describe_tokenizer(path("tokenizer.json")).eos_id, 2);
}

TEST_F(tokenizer_folder, takes_add_bos_token_only_without_a_post_processor) {
  put("tokenizer_config.json", R"({"bos_token": "<end>", "add_bos_token": true})");
  json file = test::small_byte_level();
  put("tokenizer.json", file.dump());
  EXPECT_TRUE(describe_tokenizer(directory_).post_processor.prefix().empty());
  file["post_processor"] = nullptr;
  put("tokenizer.json", file.dump());
  EXPECT_EQ(describe_tokenizer(directory_).post_processor.prefix(), std::vector<std::int32_t>{263});
  for (const char* config : {R"({"bos_token": "<end>", "add_bos_token": false})",
                             R"({"bos_token": "<end>"})", R"({"add_bos_token": true})"}) {
    put("tokenizer_config.json", config);
    EXPECT_TRUE(describe_tokenizer(directory_).post_processor.prefix().empty()) << config;
  }
  put("tokenizer.json", test::small_byte_fallback().dump());
  put("tokenizer_config.json", R"({"bos_token": "<s>", "add_bos_token": false})");
  EXPECT_EQ(describe_tokenizer(directory_).post_processor.prefix(), std::vector<std::int32_t>{1});
}

/// Places of all values in a JSON file; of objects with many members only the first of these.
std::vector<json::json_pointer> places_of(const json& file) {
  std::vector<json::json_pointer> places;
  const json flat = file.flatten();
  for (const auto& entry : flat.items()) {
    for (json::json_pointer place(entry.key()); !place.empty(); place.pop_back()) {
      if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(place);
    }
  }
  places.emplace_back();
  return places;
}

/// Puts values of all kinds at all places of a file: it is read, or an error names the folder.
class wrong_values : public tokenizer_folder {
 protected:
  void expect_errors_only(const std::string& name, const json& good) const {
    const std::vector<json> values = {nullptr,
                                      true,
                                      5,
                                      -1,
                                      2.5,
                                      1e300,
                                      std::uint64_t{1} << 63,
                                      "",
                                      "x",
                                      json::array(),
                                      json::object(),
                                      {5},
                                      {"x"},
                                      {{"a", 5}},
                                      {{"content", 5}},
                                      {{"type", "Sequence"}}};
    for (const json::json_pointer& place : places_of(good)) {
      for (const json& value : values) {
        json file = good;
        file[place] = value;
        put(name, file.dump());
        expect_error_only(name + ", " + file.dump());
      }
    }
    put(name, good.dump());
  }

  void expect_error_only(const std::string& what) const {
    try {
      describe_tokenizer(directory_);
    } catch (const error& problem) {
      EXPECT_TRUE(std::string_view(problem.what()).starts_with(directory_.string()))
          << problem.what() << " for " << what;
    } catch (const std::exception& problem) {
      ADD_FAILURE() << problem.what() << " for " << what;
    }
  }
};

TEST_F(wrong_values, in_a_pair_of_files) {
  const json config = {
      {"tokenizer_class", "GPT2Tokenizer"},
      {"bos_token", "<b>"},
      {"eos_token", {{"content", "<b>"}}},
      {"add_bos_token", true},
      {"add_prefix_space", false},
      {"additional_special_tokens", {"<b>", {{"content", "c"}}}},
      {"added_tokens_decoder", {{"7", {{"content", "<e>"}, {"lstrip", true}, {"special", true}}}}}};
  put_pair("a b\n", config.dump());
  const json added = {{"<b>", 6}, {"<e>", 7}};
  put("added_tokens.json", added.dump());
  EXPECT_EQ(describe_tokenizer(directory_).bos_id, 6);
  expect_errors_only("tokenizer_config.json", config);
  expect_errors_only("added_tokens.json", added);
  expect_errors_only("vocab.json", {{"a", 0}, {"b", 1}, {"ab", 2}});
  put_pair("a b\n", "{}");
  expect_errors_only("config.json", {{"model_type", "gpt2"}});
}

TEST_F(wrong_values, in_one_file) {
  for (json file : {test::small_byte_level(), test::small_byte_fallback()}) {
    auto& vocabulary = file["model"]["vocab"];
    file["model"]["merges"] = {"a b", {"ab", "c"}};
    vocabulary = {{"<unk>", 0}, {"<s>", 1}, {"</s>", 2}, {"a", 3},
                  {"b", 4},     {"ab", 5},  {"c", 6},    {"abc", 7}};
    expect_errors_only("tokenizer.json", file);
  }
}

TEST_F(tokenizer_folder, without_a_tokenizer) {
  EXPECT_TRUE(says(error_of([&] { describe_tokenizer(directory_); }),
                   {directory_.string(), "tokenizer.json", "vocab.json"}));
  EXPECT_TRUE(says(error_of([&] { describe_tokenizer(path("none")); }), {"none", "not exist"}));
  put_pair("a b\n", R"({"tokenizer_class": "GPT2Tokenizer"})");
  std::filesystem::remove(path("merges.txt"));
  EXPECT_TRUE(says(error_of([&] { describe_tokenizer(directory_); }), {"merges.txt"}));
}

}  // namespace tokenizer_folder_test
}  // namespace radlads::text
