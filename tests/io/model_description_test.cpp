// SPDX-License-Identifier: Apache-2.0
#include "io/safetensors_bytes.hpp"
#include "radlads/io/model_description.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace radlads::io {
namespace model_description_test {

class model_description_test : public test::temporary_directory {
 protected:
  /// A name, its shape in a header, its number of bytes, and the value of each of them.
  struct stored {
    std::string shape;
    std::size_t bytes;
    char value;
  };

  /// Of vocabulary 2, width 4, feed-forward 3 and two layers, all in F16.
  std::map<std::string, stored> tensors_{
      {"model.embed_tokens.weight", {"[2,4]", 16, 1}},
      {"model.layers.0.input_layernorm.weight", {"[4]", 8, 1}},
      {"model.layers.0.mlp.up_proj.weight", {"[3,4]", 24, 1}},
      {"model.layers.1.input_layernorm.weight", {"[4]", 8, 1}},
      {"model.layers.1.mlp.up_proj.weight", {"[3,4]", 24, 1}},
  };
  files::json config_ = {{"architectures", {"LlamaForCausalLM"}},
                         {"vocab_size", 2},
                         {"hidden_size", 4},
                         {"intermediate_size", 3},
                         {"num_hidden_layers", 2},
                         {"num_attention_heads", 2},
                         {"tie_word_embeddings", true}};

  void put_weights(const std::string& name = "model.safetensors") const {
    std::string header, data;
    for (const auto& [tensor, s] : tensors_) {
      header += (header.empty() ? "{\"" : ",\"") + tensor + R"(":{"dtype":"F16","shape":)" +
                s.shape + R"(,"data_offsets":[)" + std::to_string(data.size()) + "," +
                std::to_string(data.size() + s.bytes) + "]}";
      data.append(s.bytes, s.value);
    }
    put(name, test::safetensors_bytes(header + "}", data));
  }

  model_description read() const {
    put("config.json", config_.dump());
    put_weights();
    return read_description(directory_);
  }
};

TEST_F(model_description_test, without_weights_is_the_file_alone) {
  put("config.json", config_.dump());
  const model_description d = read_description(directory_);
  EXPECT_EQ(d.config, read_config(directory_));
  EXPECT_TRUE(d.notes.empty());
}

TEST_F(model_description_test, takes_a_head_of_its_own_and_says_so) {
  EXPECT_TRUE(read().config.is_tied);
  EXPECT_TRUE(read().notes.empty());
  tensors_["lm_head.weight"] = {"[2,4]", 16, 1};
  EXPECT_TRUE(read().config.is_tied);
  EXPECT_TRUE(read().notes.empty());
  tensors_["lm_head.weight"].value = 2;
  EXPECT_FALSE(read().config.is_tied);
  ASSERT_EQ(read().notes.size(), 1u);
  EXPECT_TRUE(test::says(read().notes[0], {directory_.string(), "tie_word_embeddings",
                                           "lm_head.weight of its own, which is used"}));
  tensors_.erase("model.embed_tokens.weight");
  EXPECT_TRUE(read().config.is_tied);
}

TEST_F(model_description_test, an_untied_model_needs_no_note) {
  config_["tie_word_embeddings"] = false;
  tensors_["lm_head.weight"] = {"[2,4]", 16, 2};
  EXPECT_FALSE(read().config.is_tied);
  EXPECT_TRUE(read().notes.empty());
}

TEST_F(model_description_test, says_which_of_two_sets_of_weights_is_read) {
  put("model.safetensors.index.json", R"({"weight_map": {"a": "none.safetensors"}})");
  ASSERT_EQ(read().notes.size(), 1u);
  EXPECT_TRUE(test::says(read().notes[0], {"model.safetensors.index.json", "single file"}));
}

TEST_F(model_description_test, refuses_sizes_that_the_weights_do_not_have) {
  const auto refused = [&](const char* key, int value, const char* tensor, const char* expected) {
    const files::json before = config_[key];
    config_[key] = value;
    const std::string message = test::error_of([&] { read(); });
    config_[key] = before;
    return test::says(message,
                      {path("").string().substr(0, directory_.string().size()), tensor, expected});
  };
  EXPECT_TRUE(refused("num_hidden_layers", 1000, "model.layers.2.input_layernorm.weight",
                      "of shape (4) is missing"));
  EXPECT_TRUE(refused("vocab_size", 3, "model.embed_tokens.weight", "(2, 4), expected (3, 4)"));
  EXPECT_TRUE(refused("hidden_size", 8, "model.embed_tokens.weight", "(2, 4), expected (2, 8)"));
  EXPECT_TRUE(refused("intermediate_size", 1000000, "model.layers.0.mlp.up_proj.weight",
                      "(3, 4), expected (1000000, 4)"));
  tensors_.erase("model.embed_tokens.weight");
  EXPECT_TRUE(refused("vocab_size", 2, "model.embed_tokens.weight", "(2, 4) is missing"));
}

}  // namespace model_description_test
}  // namespace radlads::io
