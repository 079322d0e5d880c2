// SPDX-License-Identifier: Apache-2.0
#include "radlads/files/json.hpp"
#include "radlads/io/checkpoint_state.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace radlads::io {
namespace checkpoint_state_test {

class checkpoint_state_test : public test::temporary_directory {
 protected:
  checkpoint_state_test() {
    checkpoint_description description;
    description.number_type = "F32";
    description.sets = {"weights"};
    description.hashes = {{"weights.safetensors", "0123456789abcdef"}};
    description.state.integers = {{"step", 40}};
    description.state.numbers = {{"loss", 0.1}};
    description.state.texts = {{"settings", "a: 1"}};
    write_checkpoint_description(description, directory_);
  }
};

TEST(checkpoint_state, a_hash_has_sixteen_digits) {
  EXPECT_EQ(hash_text(0), "0000000000000000");
  EXPECT_EQ(hash_text(0xfedcba9876543210), "fedcba9876543210");
}

TEST_F(checkpoint_state_test, comes_back) {
  const checkpoint_description read = read_checkpoint_description(directory_);
  EXPECT_EQ(read.hashes.at("weights.safetensors"), "0123456789abcdef");
  EXPECT_EQ(read.state.integer("step"), 40);
}

// Every value that a flipped bit or a hand could change.
TEST_F(checkpoint_state_test, a_changed_value_is_found) {
  const files::json whole = files::json::parse(get("state.json"));
  const auto error_with = [&](const char* section, const char* key, const files::json& value) {
    files::json changed = whole;
    changed[section][key] = value;
    put("state.json", changed.dump());
    return test::error_of([&] { read_checkpoint_description(directory_); });
  };
  const std::string where = path("state.json").string();
  EXPECT_TRUE(test::says(error_with("integers", "step", 41), {where, "is damaged"}));
  EXPECT_TRUE(test::says(error_with("integers", "step", -5), {where, "is damaged"}));
  EXPECT_TRUE(test::says(error_with("integers", "step", std::int64_t{1} << 62), {"is damaged"}));
  EXPECT_TRUE(test::says(error_with("numbers", "loss", 0.2), {where, "is damaged"}));
  EXPECT_TRUE(test::says(error_with("texts", "settings", "a: 2"), {where, "is damaged"}));
  EXPECT_TRUE(test::says(error_with("hashes", "weights.safetensors", "0123456789abcdee"),
                         {where, "is damaged", whole.at("hash").get<std::string>()}));
  files::json without = whole;
  without.erase("hash");
  put("state.json", without.dump());
  EXPECT_TRUE(test::says(test::error_of([&] { read_checkpoint_description(directory_); }),
                         {where, "\"hash\" is missing"}));
  put("state.json", whole.dump(7));
  EXPECT_EQ(read_checkpoint_state(directory_).integer("step"), 40);
}

}  // namespace checkpoint_state_test
}  // namespace radlads::io
