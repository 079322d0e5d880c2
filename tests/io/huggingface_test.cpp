// SPDX-License-Identifier: Apache-2.0
// Whole models through files: tiny ones of every mixer, and the real teacher with its students.

#include "radlads/cpu.hpp"
#include "radlads/io/huggingface.hpp"
#include "radlads/layers/attention_mixer.hpp"
#include "radlads/layers/rad_rwkv6_mixer.hpp"
#include "radlads/layers/rad_rwkv7_mixer.hpp"
#include "radlads/models/language_model.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

namespace radlads::io {
namespace huggingface_test {

using strings = std::vector<std::string>;
using model = models::language_model<float, cpu_backend, layers::attention_mixer,
                                     layers::rad_rwkv6_mixer, layers::rad_rwkv7_mixer>;

class huggingface_test : public test::temporary_directory {
 protected:
  static models::config tiny(const strings& mixers) {
    models::config c;
    c.vocabulary = 11;
    c.hidden = 12;
    c.intermediate = 7;
    c.layers = static_cast<std::int64_t>(mixers.size());
    c.heads = 4;
    c.kv_heads = 2;
    c.head_size = 5;
    c.max_positions = 32;
    c.mixers = mixers;
    return c;
  }

  /// Saves a random model, reads it as another program would, and compares every bit.
  void expect_round_trip(const models::config& c, const std::string& name,
                         const save_options& options = {}) {
    SCOPED_TRACE(name);
    model written, read;
    written.build(backend_, c);
    written.initialise(backend_, 7);
    save_model(backend_, c, written.weights, {}, path(name), options);
    read.build(backend_, read_config(path(name)));
    EXPECT_EQ(read_parameters(backend_, path(name), read.weights), strings());
    std::int64_t tensors = 0;
    model::params::for_each(
        [&](const std::string& tensor, const auto& a, const auto& b) {
          ASSERT_EQ(a.sizes(), b.sizes()) << tensor;
          const auto bytes = static_cast<std::size_t>(a.size()) * sizeof(float);
          EXPECT_EQ(std::memcmp(a.data(), b.data(), bytes), 0) << tensor;
          ++tensors;
        },
        written.weights, read.weights);
    EXPECT_GT(tensors, 10);
  }

  cpu_backend backend_{{.threads = 1, .poison = true}};
};

TEST_F(huggingface_test, every_kind_of_model_comes_back_bit_for_bit) {
  expect_round_trip(tiny({"attention", "attention"}), "qwen2");
  expect_round_trip(tiny({"rad_rwkv6", "rad_rwkv6"}), "rwkv6");
  expect_round_trip(tiny({"rad_rwkv7", "attention", "rad_rwkv7"}), "hybrid");
  expect_round_trip(tiny({"attention", "rad_rwkv6", "rad_rwkv7"}), "mixed");
}

TEST_F(huggingface_test, every_option_comes_back_bit_for_bit) {
  models::config c = tiny({"rad_rwkv7", "rad_rwkv7"});
  c.options.balance_state = false;
  c.options.group_norm = true;
  c.options.gate_rank_type = 1;
  c.options.rank_decay = 3;
  c.options.rank_iclr = 4;
  c.options.rank_value_mix = 5;
  c.is_tied = true;
  c.qk_norm = true;
  c.qkv_bias = false;
  c.output_bias = true;
  expect_round_trip(c, "options");
  c = tiny({"rad_rwkv6"});
  c.options.token_shift = false;
  c.options.gate_rank_type = 2;
  c.options.rank_token_shift = 1;
  expect_round_trip(c, "no_token_shift");
  c = tiny({"attention"});
  c.qkv_bias = false;
  c.qk_norm = true;
  expect_round_trip(c, "qwen3");
  expect_round_trip(tiny({"rad_rwkv7", "rad_rwkv7"}), "shards",
                    {.weights = {.max_shard_bytes = 2000}});
}

class real_models_test : public huggingface_test {
 protected:
  void SetUp() override {
    teacher_ = test::optional_data() / "teacher" / "stories260K";
    if (!std::filesystem::exists(teacher_)) GTEST_SKIP() << "no teacher in " << teacher_;
  }

  std::filesystem::path teacher_;
};

TEST_F(real_models_test, the_teacher_loads_tied_and_untied) {
  models::config c = read_config(teacher_);
  model tied, untied;
  tied.build(backend_, c);
  EXPECT_EQ(read_parameters(backend_, teacher_, tied.weights), strings());
  // The count of the teacher's authors, and the q, k, v biases of this file, which are zero.
  EXPECT_EQ(parameter_count(tied.weights), 260032 + 5 * (64 + 32 + 32));
  c.is_tied = false;
  untied.build(backend_, c);
  EXPECT_TRUE(
      test::says(test::error_of([&] { (void)read_parameters(backend_, teacher_, untied.weights); }),
                 {teacher_.string(), "lm_head.weight", "(512, 64)"}));
  EXPECT_EQ(read_parameters(backend_, teacher_, untied.weights, {.head_may_be_embedding = true}),
            strings());
  EXPECT_EQ(untied.weights.head.data()[5], tied.weights.embedding.data()[5]);
}

TEST_F(real_models_test, reference_students_load_with_exact_names) {
  models::config c = read_config(teacher_);
  c.is_tied = false;
  for (const auto& [file, mixer, count] : {std::tuple{"rad7-start", "rad_rwkv7", 372160},
                                           {"rad7-step1", "rad_rwkv7", 372160},
                                           {"rad6-start", "rad_rwkv6", 439040}}) {
    const auto place = test::optional_data() / "reference" / (std::string(file) + ".safetensors");
    if (!std::filesystem::exists(place)) GTEST_SKIP() << "no " << place;
    c.mixers.assign(5, mixer);
    model student;
    student.build(backend_, c);
    EXPECT_EQ(read_parameters(backend_, place, student.weights), strings()) << file;
    EXPECT_EQ(parameter_count(student.weights), count) << file;
  }
}

TEST_F(real_models_test, a_saved_teacher_has_the_same_tensors) {
  const models::config c = read_config(teacher_);
  model teacher;
  teacher.build(backend_, c);
  (void)read_parameters(backend_, teacher_, teacher.weights);
  save_model(backend_, c, teacher.weights, teacher_, path("copy"));
  EXPECT_EQ(read_config(path("copy")), c);
  const auto before = safetensors_set::open(teacher_), after = safetensors_set::open(path("copy"));
  ASSERT_EQ(before.names(), after.names());
  for (const std::string& name : before.names()) {
    EXPECT_EQ(before.find(name)->shape, after.find(name)->shape) << name;
    EXPECT_EQ(std::memcmp(before.find(name)->data, after.find(name)->data, after.find(name)->size),
              0)
        << name;
  }
  EXPECT_TRUE(std::filesystem::exists(path("copy/tokenizer.json")));
  EXPECT_FALSE(std::filesystem::exists(path("copy/expected_greedy_200_tokens.txt")));
}

}  // namespace huggingface_test
}  // namespace radlads::io
