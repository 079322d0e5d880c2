// SPDX-License-Identifier: Apache-2.0
#include "radlads/files/replace.hpp"
#include "radlads/io/checkpoint_places.hpp"
#include "radlads/io/safetensors_writer.hpp"
#include "support/gone_process.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace radlads::io {
namespace checkpoint_places_test {

using strings = std::vector<std::string>;

class checkpoint_places_test : public test::temporary_directory {
 protected:
  /// A whole checkpoint of one number.
  void make(const std::string& name, std::int64_t step) {
    std::filesystem::create_directory(path(name));
    const float value = static_cast<float>(step);
    safetensors_writer writer;
    writer.add("x", dtype::f32, {1}, &value);
    checkpoint_description description;
    description.number_type = "F32";
    description.sets = {"weights"};
    description.hashes["weights.safetensors"] =
        hash_text(writer.write(path(name) / "weights.safetensors"));
    description.state.integers["step"] = step;
    write_checkpoint_description(description, path(name));
  }

  void damage(const std::string& name) {
    std::string bytes = get(name + "/weights.safetensors");
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    put(name + "/weights.safetensors", bytes);
  }
};

TEST(checkpoint_places, knows_its_names_by_the_whole_of_them) {
  for (const char* name : {"checkpoint", "checkpoint-1", "checkpoint-200", "checkpoint.partial-1-2",
                           "checkpoint.old-1-2"}) {
    EXPECT_TRUE(is_checkpoint_name(name)) << name;
  }
  for (const char* name :
       {"checkpoints", "checkpoint_notes.txt", "checkpoint-", "checkpoint-01", "checkpoint-1a",
        "checkpoint--1", "checkpoint-1-2", "checkpoint.old-mine", "checkpoint.bak-1-2",
        "my_checkpoint", "checkpoint-best"}) {
    EXPECT_FALSE(is_checkpoint_name(name)) << name;
  }
}

TEST_F(checkpoint_places_test, the_newest_is_the_one_with_the_bare_name_then_the_highest_step) {
  make("checkpoint-9", 9);
  make("checkpoint-10", 10);
  EXPECT_EQ(latest_checkpoint(directory_), path("checkpoint-10"));
  make("checkpoint", 3);
  EXPECT_EQ(latest_checkpoint(directory_), path("checkpoint"));
  std::filesystem::remove(path("checkpoint/state.json"));
  EXPECT_EQ(latest_checkpoint(directory_), path("checkpoint"));
}

// Version 0.1.0 could leave two that it had set aside; the one written first may be the newer one.
TEST_F(checkpoint_places_test, of_two_that_were_set_aside_the_later_step_counts) {
  const std::string gone = "checkpoint.old-" + std::to_string(test::gone_process());
  make(gone + "-5", 60);
  make(gone + "-6", 40);
  EXPECT_EQ(latest_checkpoint(directory_), path(gone + "-5"));
  put(gone + "-5/state.json", "{");
  EXPECT_EQ(latest_checkpoint(directory_), path(gone + "-6"));
}

TEST_F(checkpoint_places_test, the_newest_whole_one_is_found) {
  make("checkpoint", 60);
  make("checkpoint-40", 40);
  make("checkpoint-20", 20);
  EXPECT_EQ(newest_whole_checkpoint(directory_, path("checkpoint")), path("checkpoint-40"));
  damage("checkpoint-40");
  EXPECT_EQ(newest_whole_checkpoint(directory_, path("checkpoint")), path("checkpoint-20"));
  EXPECT_TRUE(test::says(test::error_of([&] { verify_checkpoint(path("checkpoint-40")); }),
                         {"checkpoint-40/weights.safetensors", "is damaged", "state.json says"}));
  put("checkpoint-20/state.json", "{");
  EXPECT_EQ(newest_whole_checkpoint(directory_, path("checkpoint")), std::nullopt);
}

TEST_F(checkpoint_places_test, removes_nothing_that_saving_did_not_make) {
  const std::string gone = test::gone_suffix();
  make("checkpoint", 60);
  make("checkpoint-40", 40);
  make("checkpoint-20", 20);
  std::filesystem::create_directory(path("checkpoint.partial" + gone));
  std::filesystem::create_directory(path("checkpoint.old" + gone));
  const strings mine{"checkpoint-best", "checkpoint.old-mine", "checkpoint_notes.txt",
                     "checkpoints_of_mine"};
  for (const std::string& name : mine) {
    std::filesystem::create_directory(path(name));
    put(name + "/precious", "1");
  }
  remove_earlier_checkpoints(directory_, 2);
  EXPECT_FALSE(std::filesystem::exists(path("checkpoint-20")));
  EXPECT_TRUE(std::filesystem::exists(path("checkpoint-40")));
  remove_checkpoints(directory_);
  EXPECT_EQ(list(), mine);
  for (const std::string& name : mine) EXPECT_EQ(get(name + "/precious"), "1");
}

TEST_F(checkpoint_places_test, a_checkpoint_with_a_users_file_stays) {
  make("checkpoint", 60);
  make("checkpoint-40", 40);
  make("checkpoint-20", 20);
  put("checkpoint-20/notes.txt", "mine");
  remove_earlier_checkpoints(directory_, 1);
  EXPECT_EQ(list(), (strings{"checkpoint", "checkpoint-20"}));
  EXPECT_TRUE(test::says(test::error_of([&] { remove_checkpoints(directory_); }),
                         {path("checkpoint-20").string(), "notes.txt"}));
  EXPECT_EQ(list(), (strings{"checkpoint", "checkpoint-20"}));
  EXPECT_EQ(get("checkpoint-20/notes.txt"), "mine");
}

}  // namespace checkpoint_places_test
}  // namespace radlads::io
