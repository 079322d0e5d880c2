// SPDX-License-Identifier: Apache-2.0
#include "io/tensor_list.hpp"
#include "radlads/io/parameter_names.hpp"
#include "radlads/io/parameters.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace radlads::io {
namespace parameter_names_test {

using strings = std::vector<std::string>;

class parameter_names_test : public test::temporary_directory {
 protected:
  using named = std::vector<std::pair<std::string, float>>;

  /// A file of tensors (2, 2), each filled with first, first + 1, ...
  safetensors_set file_of(const named& tensors) {
    std::filesystem::remove(path("model.safetensors"));
    write_parameters(backend_, set_of(tensors), directory_);
    return safetensors_set::open(directory_);
  }

  test::tensor_list<float> set_of(const named& tensors) {
    test::tensor_list<float> set;
    for (const auto& [name, first] : tensors) set.add(backend_, name, {2, 2}, first);
    return set;
  }

  cpu_backend backend_{{.threads = 1, .poison = true}};
};

TEST_F(parameter_names_test, finds_parameters_without_the_prefix) {
  const auto bare = file_of({{"norm.weight", 1.0f}, {"lm_head.weight", 2.0f}});
  ASSERT_NE(find_parameter(bare, "model.norm.weight"), nullptr);
  EXPECT_EQ(find_parameter(bare, "model.norm.weight")->name, "norm.weight");
  EXPECT_EQ(find_parameter(bare, "lm_head.weight")->name, "lm_head.weight");
  EXPECT_EQ(find_parameter(bare, "model.lm_head"), nullptr);
  const auto both = file_of({{"norm.weight", 1.0f}, {"model.norm.weight", 2.0f}});
  EXPECT_EQ(find_parameter(both, "model.norm.weight")->name, "model.norm.weight");
}

TEST_F(parameter_names_test, knows_a_head_of_its_own) {
  EXPECT_FALSE(has_own_head(file_of({{embedding_name, 1.0f}})));
  EXPECT_FALSE(has_own_head(file_of({{head_name, 1.0f}})));
  EXPECT_FALSE(has_own_head(file_of({{embedding_name, 1.0f}, {head_name, 1.0f}})));
  EXPECT_TRUE(has_own_head(file_of({{embedding_name, 1.0f}, {head_name, 2.0f}})));
  EXPECT_TRUE(has_own_head(file_of({{"embed_tokens.weight", 1.0f}, {head_name, 2.0f}})));
  // The last value alone decides.
  test::tensor_list<float> set = set_of({{embedding_name, 1.0f}, {head_name, 1.0f}});
  set.tensors[1].second.data()[3] = 9;
  std::filesystem::remove(path("model.safetensors"));
  write_parameters(backend_, set, directory_);
  EXPECT_TRUE(has_own_head(safetensors_set::open(directory_)));
}

TEST_F(parameter_names_test, reads_a_model_that_was_saved_without_its_head) {
  (void)file_of({{"embed_tokens.weight", 1.0f},
                 {"layers.0.self_attn.w0", 5.0f},
                 {"layers.0.self_attn.v1", 7.0f},
                 {"layers.0.mlp.own", 9.0f}});
  auto tied = set_of({{embedding_name, 0.0f}, {"model.layers.0.self_attn.w0", 0.0f}});
  EXPECT_EQ(read_parameters(backend_, directory_, tied), (strings{"layers.0.mlp.own"}));
  EXPECT_EQ(tied.values(0), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(tied.values(1), (std::vector<float>{5, 6, 7, 8}));
}

TEST_F(parameter_names_test, a_tied_model_takes_the_head_of_a_file_without_an_embedding) {
  (void)file_of({{head_name, 3.0f}});
  auto tied = set_of({{embedding_name, 0.0f}});
  EXPECT_EQ(read_parameters(backend_, directory_, tied), strings());
  EXPECT_EQ(tied.values(0), (std::vector<float>{3, 4, 5, 6}));
  auto untied = set_of({{embedding_name, 0.0f}, {head_name, 0.0f}});
  EXPECT_TRUE(
      test::says(test::error_of([&] { (void)read_parameters(backend_, directory_, untied); }),
                 {directory_.string(), embedding_name, "missing"}));
}

TEST(group_of_name, sorts_the_names_of_files) {
  EXPECT_EQ(group_of_name("model.embed_tokens.weight"), "embedding");
  EXPECT_EQ(group_of_name("lm_head.weight"), "head");
  EXPECT_EQ(group_of_name("model.layers.3.self_attn.q_norm.weight"), "mixers");
  EXPECT_EQ(group_of_name("model.layers.3.mlp.up_proj.weight"), "feed-forward");
  EXPECT_EQ(group_of_name("model.layers.3.input_layernorm.weight"), "norms");
  EXPECT_EQ(group_of_name("model.norm.weight"), "norms");
  EXPECT_EQ(group_of_name("rope_freqs.weight"), "other");
}

}  // namespace parameter_names_test
}  // namespace radlads::io
