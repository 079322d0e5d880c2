// SPDX-License-Identifier: Apache-2.0
#include "radlads/io/rope_reader.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <string>

namespace radlads::io {
namespace rope_reader_test {

using kind = ops::rope_scaling_kind;

ops::rope_frequencies read(const char* text) {
  return read_rope(files::json::parse(text), "config.json", 4096);
}

std::string error_in(const char* text) {
  return test::error_of([&] { read(text); });
}

TEST(rope_reader, takes_the_base_from_older_and_newer_files) {
  EXPECT_EQ(read("{}").base, 1e4);
  EXPECT_EQ(read(R"({"rope_theta": 500000})").base, 5e5);
  EXPECT_EQ(read(R"({"rope_theta": 3, "rope_parameters": {"rope_theta": 5e5}})").base, 5e5);
  EXPECT_EQ(read(R"({"rope_theta": 3, "rope_parameters": {"rope_type": "default"}})").base, 3);
  EXPECT_EQ(read(R"({"rope_parameters": {"rope_type": "default"}})").base, 1e4);
  EXPECT_EQ(read(R"({"rope_theta": 3, "rope_scaling": {}, "rope_parameters": null})").base, 3);
}

TEST(rope_reader, takes_the_scaling_from_either_key) {
  EXPECT_EQ(read(R"({"rope_scaling": null})").scaling, ops::rope_scaling());
  EXPECT_EQ(read(R"({"rope_scaling": {"type": "default"}})").scaling, ops::rope_scaling());
  const ops::rope_scaling linear{.kind = kind::linear, .factor = 2.5};
  EXPECT_EQ(read(R"({"rope_scaling": {"type": "linear", "factor": 2.5}})").scaling, linear);
  EXPECT_EQ(read(R"({"rope_parameters": {"rope_type": "linear", "factor": 2.5}})").scaling, linear);
  // Older files of Llama 3 have both names, and rope_type counts.
  EXPECT_EQ(read(R"({"rope_scaling": {"type": "default", "rope_type": "linear", "factor": 2.5}})")
                .scaling,
            linear);
  ops::rope_scaling llama{kind::llama3, 8, 1, 4, 8192};
  EXPECT_EQ(read(R"({"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1.0,
                     "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}})")
                .scaling,
            llama);
  llama.original_positions = 4096;
  EXPECT_EQ(read(R"({"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1,
                     "high_freq_factor": 4}})")
                .scaling,
            llama);
  llama.original_positions = 100;
  EXPECT_EQ(read(R"({"original_max_position_embeddings": 100, "rope_parameters":
                     {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1,
                      "high_freq_factor": 4, "original_max_position_embeddings": 8192}})")
                .scaling,
            llama);
}

TEST(rope_reader, refuses_what_gives_no_frequencies) {
  EXPECT_TRUE(test::says(error_in(R"({"rope_theta": 0})"), {"config.json", "rope_theta", "0"}));
  EXPECT_TRUE(test::says(error_in(R"({"rope_scaling": {"type": "linear"}})"),
                         {"rope_scaling", "\"factor\" is missing"}));
  EXPECT_TRUE(test::says(error_in(R"({"rope_scaling": {"type": "linear", "factor": -1}})"),
                         {"rope_scaling", "factor", "-1"}));
  EXPECT_TRUE(test::says(error_in(R"({"rope_scaling": {"rope_type": "llama3", "factor": 8,
                              "low_freq_factor": 4, "high_freq_factor": 4}})"),
                         {"low_freq_factor", "4", "high_freq_factor"}));
  EXPECT_TRUE(test::says(error_in(R"({"rope_scaling": "linear"})"), {"rope_scaling", "an object"}));
}

TEST(rope_reader, reads_what_it_writes) {
  for (const ops::rope_scaling& each :
       {ops::rope_scaling(), ops::rope_scaling{.kind = kind::linear, .factor = 2.5},
        ops::rope_scaling{kind::llama3, 32, 1, 4, 8192},
        ops::rope_scaling{kind::llama3, 32, 1.5, 4, 8192.5}}) {
    files::json out = files::json::object();
    write_rope({5e5, each}, out);
    const ops::rope_frequencies found = read_rope(out, "config.json", 131072);
    EXPECT_EQ(found.base, 5e5);
    EXPECT_EQ(found.scaling, each);
  }
  files::json out;
  write_rope({1e4, {kind::llama3, 8, 1, 4, 8192}}, out);
  EXPECT_TRUE(out["rope_scaling"]["original_max_position_embeddings"].is_number_integer());
}

}  // namespace rope_reader_test
}  // namespace radlads::io
