// SPDX-License-Identifier: Apache-2.0
#include "radlads/io/generation_config.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace radlads::io {
namespace generation_config_test {

class generation_config_test : public test::temporary_directory {
 protected:
  files::json written(const models::config& c, const std::filesystem::path& source = {}) const {
    write_generation_config(c, directory_, source);
    return files::json::parse(get("generation_config.json"));
  }
};

TEST_F(generation_config_test, has_the_tokens_of_the_description) {
  models::config c;
  EXPECT_EQ(written(c), files::json::object());
  c.bos = 3;
  EXPECT_EQ(written(c), files::json({{"bos_token_id", 3}}));
  c.pad = 0;
  c.eos = {2};
  EXPECT_EQ(written(c),
            files::json({{"bos_token_id", 3}, {"pad_token_id", 0}, {"eos_token_id", 2}}));
  c.eos = {2, 401};
  EXPECT_EQ(written(c)["eos_token_id"], files::json({2, 401}));
}

TEST_F(generation_config_test, keeps_what_the_source_says_of_sampling) {
  std::filesystem::create_directory(path("source"));
  put("source/generation_config.json",
      R"({"do_sample": true, "temperature": 0.7, "top_k": 20, "repetition_penalty": 1.05,
          "pad_token_id": 9, "eos_token_id": [2, 401], "another_program": {"key": [1, null]}})");
  models::config c;
  c.pad = 8;
  c.eos = {2, 5, 401};
  EXPECT_EQ(written(c, path("source")), files::json::parse(R"({
      "do_sample": true, "temperature": 0.7, "top_k": 20, "repetition_penalty": 1.05,
      "pad_token_id": 9, "eos_token_id": [2, 5, 401], "another_program": {"key": [1, null]}})"));
  EXPECT_EQ(written(models::config(), path("source")),
            files::json::parse(get("source/generation_config.json")));
  std::filesystem::remove(path("source/generation_config.json"));
  EXPECT_EQ(written(models::config(), path("source")), files::json::object());
}

}  // namespace generation_config_test
}  // namespace radlads::io
