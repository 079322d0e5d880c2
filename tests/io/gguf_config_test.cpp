// SPDX-License-Identifier: Apache-2.0
#include "radlads/io/gguf/config.hpp"
#include "support/gguf_bytes.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace radlads::io {
namespace gguf_config_test {

using test::gguf_bytes;

/// Metadata by key, so that a test can leave one out or change it.
struct description {
  std::string family = "llama";
  std::vector<std::pair<std::string, std::uint32_t>> integers = {
      {"block_count", 2},     {"embedding_length", 8},     {"feed_forward_length", 12},
      {"context_length", 64}, {"attention.head_count", 4}, {"attention.head_count_kv", 2},
  };
  std::vector<std::string> tensors = {"token_embd.weight"};
  std::function<void(gguf_bytes&)> more = [](gguf_bytes&) {};

  std::string bytes() const {
    gguf_bytes file;
    file.string("general.architecture", family)
        .real(family + ".attention.layer_norm_rms_epsilon", 0.5f);
    for (const auto& [key, value] : integers) file.integer(family + "." + key, value);
    for (const std::string& name : tensors) file.floats(name, {8, 3}, std::vector<float>(24));
    more(file);
    return file.bytes();
  }
};

class gguf_config_test : public test::temporary_directory {
 protected:
  models::config read(const description& d) const {
    put("a.gguf", d.bytes());
    return read_gguf_config(files::gguf_file::open(path("a.gguf")));
  }
  std::string refusal(const description& d) const {
    return test::error_of([&] { (void)read(d); });
  }
  static description with(const std::function<void(gguf_bytes&)>& more) {
    description d;
    d.more = more;
    return d;
  }
};

TEST_F(gguf_config_test, reads_sizes_and_tokens) {
  const models::config c = read(with([](gguf_bytes& file) {
    file.real("llama.rope.freq_base", 5e5f).integer("tokenizer.ggml.bos_token_id", 1);
    file.integer("tokenizer.ggml.eos_token_id", 2).integer("tokenizer.ggml.eot_token_id", 0);
    file.integer("tokenizer.ggml.eom_token_id", 2).integer("tokenizer.ggml.padding_token_id", 1);
  }));
  EXPECT_EQ(c.vocabulary, 3);
  EXPECT_EQ(c.hidden, 8);
  EXPECT_EQ(c.intermediate, 12);
  EXPECT_EQ(c.layers, 2);
  EXPECT_EQ(c.heads, 4);
  EXPECT_EQ(c.kv_heads, 2);
  EXPECT_EQ(c.head_size, 2);
  EXPECT_EQ(c.max_positions, 64);
  EXPECT_EQ(c.norm_epsilon, 0.5);
  EXPECT_EQ(c.rope_base, 5e5);
  EXPECT_TRUE(c.is_tied);
  EXPECT_FALSE(c.qkv_bias || c.output_bias || c.qk_norm);
  EXPECT_EQ(c.bos, 1);
  EXPECT_EQ(c.pad, 1);
  EXPECT_EQ(c.eos, (std::vector<std::int32_t>{2, 0}));
  EXPECT_EQ(c.mixers, (std::vector<std::string>{"attention", "attention"}));
}

TEST_F(gguf_config_test, tensors_say_what_the_keys_leave_out) {
  description d;
  d.family = "qwen3";
  d.tensors = {"token_embd.weight", "output.weight", "blk.0.attn_q.bias", "blk.0.attn_output.bias",
               "blk.0.attn_q_norm.weight"};
  d.more = [](gguf_bytes& file) { file.integer("qwen3.attention.key_length", 16); };
  const models::config c = read(d);
  EXPECT_FALSE(c.is_tied);
  EXPECT_TRUE(c.qkv_bias && c.output_bias && c.qk_norm);
  EXPECT_EQ(c.head_size, 16);
  EXPECT_EQ(c.rope_base, 10000);
}

/// What Llama 3.1's scaling by `factor` divides frequency `i` of 32 by, as its authors write it.
float llama3_divisor(int i, double factor) {
  const double wave_length = 2 * 3.14159265358979323846 * std::pow(5e5, i / 32.0);
  if (wave_length < 8192.0 / 4) return 1;
  if (wave_length > 8192.0) return static_cast<float>(factor);
  const double smooth = (8192 / wave_length - 1) / (4 - 1);
  return static_cast<float>(1 / ((1 - smooth) / factor + smooth));
}

description with_rope_factors(double factor, int changed = -1) {
  description d;
  d.more = [=](gguf_bytes& file) {
    std::vector<float> divisors;
    for (int i = 0; i < 32; ++i)
      divisors.push_back(llama3_divisor(i, factor) * (i == changed ? 1.01f : 1.0f));
    file.real("llama.rope.freq_base", 5e5f).integer("llama.attention.key_length", 64);
    file.integer("llama.attention.value_length", 64).floats("rope_freqs.weight", {32}, divisors);
  };
  return d;
}

TEST_F(gguf_config_test, reads_scaled_frequencies) {
  const ops::rope_scaling linear = read(with([](gguf_bytes& file) {
                                     file.string("llama.rope.scaling.type", "linear");
                                     file.real("llama.rope.scaling.factor", 4);
                                   })).rope_scaling;
  EXPECT_EQ(linear.kind, ops::rope_scaling_kind::linear);
  EXPECT_EQ(linear.factor, 4);
  for (const double factor : {8.0, 32.0}) {
    const ops::rope_scaling scaling = read(with_rope_factors(factor)).rope_scaling;
    EXPECT_EQ(scaling.kind, ops::rope_scaling_kind::llama3);
    EXPECT_EQ(scaling.factor, factor);
    EXPECT_EQ(scaling.low_factor, 1);
    EXPECT_EQ(scaling.high_factor, 4);
    EXPECT_EQ(scaling.original_positions, 8192);
  }
  // Frequencies 0, 18 (in the blended part) and 31, one of each kind.
  for (const int changed : {0, 18, 31}) {
    EXPECT_TRUE(test::says(refusal(with_rope_factors(8, changed)),
                           {"rope_freqs.weight", "Llama 3's scaling"}))
        << changed;
  }
}

TEST_F(gguf_config_test, missing_keys_are_named) {
  const description whole;
  for (std::size_t i = 0; i < whole.integers.size(); ++i) {
    description d;
    const std::string key = d.integers[i].first;
    d.integers.erase(d.integers.begin() + static_cast<std::ptrdiff_t>(i));
    // Without its own number, every head has a key and a value.
    if (key == "attention.head_count_kv") {
      EXPECT_EQ(read(d).kv_heads, 4);
    } else {
      EXPECT_TRUE(test::says(refusal(d), {"a.gguf", "llama." + key, "missing"})) << key;
    }
    d.integers.emplace_back(key, 0);
    EXPECT_TRUE(test::says(refusal(d), {"llama." + key, "found 0"})) << key;
  }
}

TEST_F(gguf_config_test, unsupported_features_are_named) {
  description d;
  d.family = "gemma";
  EXPECT_TRUE(test::says(refusal(d), {"architecture is gemma", "llama, qwen2, qwen3"}));
  d = {};
  d.tensors.clear();
  EXPECT_TRUE(test::says(refusal(d), {"token_embd.weight", "missing"}));
  const auto expect = [&](const std::function<void(gguf_bytes&)>& more,
                          const std::vector<std::string>& words) {
    EXPECT_TRUE(test::says(refusal(with(more)), words));
  };
  expect([](gguf_bytes& file) { file.integer("llama.expert_count", 8); }, {"mixtures of experts"});
  expect([](gguf_bytes& file) { file.string("llama.rope.scaling.type", "yarn"); },
         {"rope.scaling.type", "yarn"});
  expect([](gguf_bytes& file) { file.integer("llama.rope.dimension_count", 1); },
         {"rope.dimension_count\" is 1"});
  expect([](gguf_bytes& file) { file.integer("llama.attention.value_length", 4); },
         {"value_length\" is 4"});
  expect([](gguf_bytes& file) { file.integer("llama.attention.sliding_window", 32); },
         {"32 of 64 positions"});
  expect([](gguf_bytes& file) { file.integer("tokenizer.ggml.eos_token_id", 3); },
         {"outside the vocabulary of 3"});
}

}  // namespace gguf_config_test
}  // namespace radlads::io
