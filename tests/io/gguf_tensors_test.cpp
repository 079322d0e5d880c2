// SPDX-License-Identifier: Apache-2.0
#include "radlads/io/gguf/tensors.hpp"
#include "support/gguf_bytes.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace radlads::io {
namespace gguf_tensors_test {

using test::gguf_bytes;

class gguf_tensors_test : public test::temporary_directory {
 protected:
  gguf_tensors open(const gguf_bytes& bytes) const {
    put("a.gguf", bytes.bytes());
    return gguf_tensors::open(path("a.gguf"));
  }
  std::string refusal(const gguf_bytes& bytes) const {
    return test::error_of([&] { (void)open(bytes); });
  }
};

std::vector<float> counted(std::size_t count) {
  std::vector<float> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(static_cast<float>(i));
  return values;
}

std::vector<float> values_of(const gguf_entry& entry) {
  std::int64_t count = 1;
  for (const std::int64_t extent : entry.shape) count *= extent;
  std::vector<float> values(static_cast<std::size_t>(count));
  read_tensor(entry, entry.shape, values.data());
  return values;
}

gguf_bytes llama(std::uint32_t heads, std::uint32_t kv_heads) {
  gguf_bytes file;
  file.string("general.architecture", "llama").integer("llama.attention.head_count", heads);
  return file.integer("llama.attention.head_count_kv", kv_heads);
}

TEST_F(gguf_tensors_test, shapes_have_the_slowest_axis_first) {
  gguf_bytes file;
  file.string("general.architecture", "qwen2").floats("token_embd.weight", {2, 3}, counted(6));
  const gguf_tensors tensors = open(file.floats("mine", {2}, {8, 9}));
  EXPECT_EQ(tensors.names(), (std::vector<std::string>{"mine", "model.embed_tokens.weight"}));
  const gguf_entry* embedding = tensors.find("model.embed_tokens.weight");
  ASSERT_NE(embedding, nullptr);
  EXPECT_EQ(embedding->shape, (std::vector<std::int64_t>{3, 2}));
  EXPECT_EQ(values_of(*embedding), counted(6));
  EXPECT_EQ(tensors.find("token_embd.weight"), nullptr);
  double wide[2];
  read_tensor(*tensors.find("mine"), std::vector<std::int64_t>{2}, wide);
  EXPECT_EQ(wide[1], 9);
}

TEST_F(gguf_tensors_test, rows_of_llamas_queries_and_keys_go_back_to_halves) {
  // Two query heads of four rows and one key head; rows of one value count 0, 1, 2, ... The file's
  // row 2 j + i of a head is row i * 2 + j of Hugging Face's.
  gguf_bytes file = llama(2, 1);
  file.floats("blk.0.attn_q.weight", {1, 8}, counted(8))
      .floats("blk.0.attn_k.weight", {1, 4}, counted(4));
  file.floats("blk.0.attn_v.weight", {1, 4}, counted(4))
      .floats("blk.0.attn_q.bias", {8}, counted(8));
  const gguf_tensors tensors = open(file);
  const auto of = [&](const std::string& name) {
    return values_of(*tensors.find("model.layers.0.self_attn." + name));
  };
  EXPECT_EQ(of("q_proj.weight"), (std::vector<float>{0, 2, 1, 3, 4, 6, 5, 7}));
  EXPECT_EQ(of("q_proj.bias"), (std::vector<float>{0, 2, 1, 3, 4, 6, 5, 7}));
  EXPECT_EQ(of("k_proj.weight"), (std::vector<float>{0, 2, 1, 3}));
  EXPECT_EQ(of("v_proj.weight"), counted(4));
}

TEST_F(gguf_tensors_test, other_families_rows_stay) {
  gguf_bytes file;
  file.string("general.architecture", "qwen2").integer("qwen2.attention.head_count", 1);
  const gguf_tensors tensors = open(file.floats("blk.0.attn_q.weight", {1, 4}, counted(4)));
  EXPECT_EQ(values_of(*tensors.find("model.layers.0.self_attn.q_proj.weight")), counted(4));
}

TEST_F(gguf_tensors_test, refuses_what_does_not_fit) {
  EXPECT_TRUE(test::says(refusal(gguf_bytes().tensor("t", {256}, 16, std::string(66, 'x'))),
                         {"a.gguf", "\"t\" is of the type IQ2_XXS", "known are F32, F16"}));
  EXPECT_TRUE(test::says(refusal(gguf_bytes().tensor("t", {48}, 8, std::string(51, 'x'))),
                         {"rows of 48 values", "Q8_0 blocks of 32"}));
  EXPECT_TRUE(test::says(refusal(gguf_bytes().tensor("t", {32, 1000}, 8, std::string(34, 'x'))),
                         {"\"t\" of (1000, 32) has 1000 blocks of 34 bytes", "the file ends at"}));
  EXPECT_TRUE(test::says(refusal(llama(3, 1).floats("blk.0.attn_q.weight", {1, 8}, counted(8))),
                         {"8 rows, which 3 heads cannot share"}));
  EXPECT_TRUE(test::says(refusal(llama(0, 1).floats("blk.0.attn_q.weight", {1, 8}, counted(8))),
                         {"0 heads"}));
  const gguf_tensors tensors = open(gguf_bytes().floats("t", {2}, {1, 2}));
  float out[3];
  EXPECT_TRUE(test::says(
      test::error_of([&] { read_tensor(*tensors.find("t"), std::vector<std::int64_t>{3}, out); }),
      {"\"t\" has shape (2), expected (3)"}));
}

}  // namespace gguf_tensors_test
}  // namespace radlads::io
