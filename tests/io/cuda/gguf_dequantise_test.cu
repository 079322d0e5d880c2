// SPDX-License-Identifier: Apache-2.0
#include "radlads/core/hash.hpp"
#include "radlads/core/host_copy.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/io/cuda/gguf.cuh"
#include "radlads/io/parameters.hpp"
#include "support/cuda_case.cuh"
#include "support/gguf_blocks.hpp"
#include "support/gguf_bytes.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::io {
namespace cuda_gguf_test {

using test::gguf_bytes;

std::int64_t count_of(const gguf_entry& entry) {
  std::int64_t count = 1;
  for (const std::int64_t extent : entry.shape) count *= extent;
  return count;
}

std::vector<float> on_cpu(const gguf_entry& entry) {
  std::vector<float> values(static_cast<std::size_t>(count_of(entry)));
  read_tensor(entry, entry.shape, values.data());
  return values;
}

/// Blocks one behind the other, as a tensor whose rows are one block each.
gguf_entry entry_of(block_type type, const std::vector<unsigned char>& blocks) {
  gguf_entry entry;
  entry.name = std::string(description_of(type).name);
  entry.file = "none";
  entry.block = description_of(type);
  entry.shape = {static_cast<std::int64_t>(blocks.size()) / entry.block.bytes, entry.block.values};
  entry.data = blocks.data();
  return entry;
}

template <class T>
bool has_bits(const T& found, const T& expected) {
  return std::memcmp(&found, &expected, sizeof(T)) == 0;
}

class cuda_gguf_test : public test::temporary_directory {
 protected:
  void SetUp() override {
    if (!test::has_cuda_device()) GTEST_SKIP() << "there is no CUDA device";
    cuda_ = std::make_unique<cuda_backend>(cuda_options{.poison = true});
  }
  cuda_backend& cuda() { return *cuda_; }

  template <class T>
  std::vector<T> on_gpu(const gguf_entry& entry) {
    tensor<T, 1, cuda_backend> values(cuda(), {count_of(entry)});
    cuda_detail::read_gguf_on(cuda(), entry, values.data());
    return to_host(cuda(), values);
  }

  /// What the GPU writes has the bits of what the CPU writes, rounded to T.
  template <class T>
  void expect_the_cpus_bits(const gguf_entry& entry, const std::string& what) {
    const std::vector<float> expected = on_cpu(entry);
    const std::vector<T> found = on_gpu<T>(entry);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_TRUE(has_bits(found[i], static_cast<T>(expected[i])))
          << what << ": value " << i << " is " << static_cast<double>(static_cast<float>(found[i]))
          << ", on the CPU " << expected[i];
    }
  }

  std::uint64_t hash_on_gpu(const gguf_entry& entry) {
    const std::vector<float> values = on_gpu<float>(entry);
    return fnv1a(std::string_view(reinterpret_cast<const char*>(values.data()),
                                  values.size() * sizeof(float)));
  }

  std::unique_ptr<cuda_backend> cuda_;
};

TEST_F(cuda_gguf_test, a_thousand_blocks_of_each_type_have_published_bits) {
  ASSERT_EQ(test::published_cases().size(), block_descriptions.size());
  for (const test::published_blocks& c : test::published_cases()) {
    const std::vector<unsigned char> blocks = test::random_blocks(c);
    const std::vector<unsigned char> extreme = test::extreme_blocks(c);
    EXPECT_EQ(hash_on_gpu(entry_of(c.type, blocks)), c.hash) << description_of(c.type).name;
    EXPECT_EQ(hash_on_gpu(entry_of(c.type, extreme)), c.extreme_hash)
        << description_of(c.type).name << " with the scales of extreme_blocks";
  }
}

TEST_F(cuda_gguf_test, blocks_have_the_bits_of_the_cpu_in_every_scalar) {
  for (const test::published_blocks& c : test::published_cases()) {
    const std::string name(description_of(c.type).name);
    for (const auto& blocks : {test::random_blocks(c), test::extreme_blocks(c)}) {
      const gguf_entry entry = entry_of(c.type, blocks);
      expect_the_cpus_bits<float>(entry, name);
      expect_the_cpus_bits<bf16>(entry, name + " to bf16");
      expect_the_cpus_bits<double>(entry, name + " to double");
    }
  }
}

TEST_F(cuda_gguf_test, a_tensor_of_several_parts_keeps_its_order) {
  // 18.9 MB of F32 and 19.1 MB of Q8_0, of which 16 MiB go to the GPU at once; nine heads of 512
  // interleaved rows.
  constexpr std::int64_t rows = 9 * 512;
  std::vector<unsigned char> floats(static_cast<std::size_t>(rows * 1024) * sizeof(float));
  for (std::size_t i = 0; i < floats.size() / sizeof(float); ++i) {
    const auto value = static_cast<float>(i);
    std::memcpy(floats.data() + i * sizeof(float), &value, sizeof(float));
  }
  gguf_entry entry = entry_of(block_type::f32, floats);
  entry.shape = {rows, 1024};
  entry.interleaved_heads = 9;
  expect_the_cpus_bits<float>(entry, "F32");
  std::vector<unsigned char> blocks(static_cast<std::size_t>(rows * 122) * 34);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    blocks[i] = static_cast<unsigned char>(i % 34 == 1 ? 0x3c : i * 7 % 251);
  }
  entry = entry_of(block_type::q8_0, blocks);
  entry.shape = {rows, 122 * 32};
  entry.interleaved_heads = 9;
  expect_the_cpus_bits<float>(entry, "Q8_0");
}

std::vector<float> counted(std::size_t count) {
  std::vector<float> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(static_cast<float>(i) + 0.25f);
  return values;
}

/// The first `count` of the random blocks of a type.
std::string blocks_of(block_type type, std::size_t count) {
  for (const test::published_blocks& c : test::published_cases()) {
    if (c.type != type) continue;
    const std::vector<unsigned char> bytes = test::random_blocks(c);
    const auto size = count * static_cast<std::size_t>(description_of(type).bytes);
    return {reinterpret_cast<const char*>(bytes.data()), size};
  }
  return {};
}

void add_quantised(gguf_bytes& file, const std::string& name,
                   const std::vector<std::uint64_t>& extents, block_type type) {
  std::size_t count = 1;
  for (const std::uint64_t extent : extents) count *= extent;
  count /= static_cast<std::size_t>(description_of(type).values);
  file.tensor(name, extents, static_cast<std::uint32_t>(type), blocks_of(type, count));
}

gguf_bytes llama_file() {
  gguf_bytes file;
  file.string("general.architecture", "llama").integer("llama.attention.head_count", 2);
  file.integer("llama.attention.head_count_kv", 1);
  add_quantised(file, "token_embd.weight", {256, 5}, block_type::q6_k);
  add_quantised(file, "blk.0.attn_q.weight", {256, 16}, block_type::q4_k);
  add_quantised(file, "blk.0.attn_k.weight", {256, 8}, block_type::q5_0);
  add_quantised(file, "blk.0.attn_v.weight", {256, 8}, block_type::iq4_xs);
  file.floats("blk.0.attn_q.bias", {16}, counted(16));
  return file;
}

/// Its tensors that a model would have.
template <class T, class B>
struct attention {
  tensor<T, 2, B> embedding, q, k, v;
  tensor<T, 1, B> q_bias;

  explicit attention(B& b)
      : embedding(b, {5, 256}), q(b, {16, 256}), k(b, {8, 256}), v(b, {8, 256}), q_bias(b, {16}) {}

  template <class F, class First, class... Rest>
  static void for_each(F&& f, First& p, Rest&... rest) {
    const std::string mixer = "model.layers.0.self_attn.";
    f(tensor_info{embedding_name, tensor_role::embedding}, p.embedding, rest.embedding...);
    f(tensor_info{mixer + "q_proj.weight"}, p.q, rest.q...);
    f(tensor_info{mixer + "q_proj.bias"}, p.q_bias, rest.q_bias...);
    f(tensor_info{mixer + "k_proj.weight"}, p.k, rest.k...);
    f(tensor_info{mixer + "v_proj.weight"}, p.v, rest.v...);
  }
};

TEST_F(cuda_gguf_test, a_file_is_loaded_as_on_the_cpu) {
  put("a.gguf", llama_file().bytes());
  cpu_backend cpu(cpu_options{.threads = 1, .poison = true});
  attention<float, cpu_backend> expected(cpu);
  attention<float, cuda_backend> found(cuda());
  attention<bf16, cuda_backend> rounded(cuda());
  EXPECT_TRUE(read_parameters(cpu, path("a.gguf"), expected).empty());
  EXPECT_TRUE(read_parameters(cuda(), path("a.gguf"), found).empty());
  const gguf_tensors tensors = gguf_tensors::open(path("a.gguf"));
  EXPECT_TRUE(read_parameters_from(cuda(), tensors, "a.gguf", rounded).empty());
  attention<float, cpu_backend>::for_each(
      [&](const tensor_info& info, const auto& on_cpu, const auto& on_gpu, const auto& in_bf16) {
        const std::vector<float> floats = to_host(cuda(), on_gpu);
        const std::vector<bf16> halves = to_host(cuda(), in_bf16);
        ASSERT_EQ(on_cpu.size(), on_gpu.size());
        for (std::size_t i = 0; i < floats.size(); ++i) {
          const float value = on_cpu.data()[i];
          ASSERT_TRUE(has_bits(floats[i], value)) << info.name << " " << i;
          ASSERT_TRUE(has_bits(halves[i], bf16(value))) << info.name << " " << i << " in bf16";
        }
      },
      expected, found, rounded);
}

TEST_F(cuda_gguf_test, every_layout_of_students_is_that_of_the_cpu) {
  gguf_bytes rwkv6, rwkv7;
  rwkv6.string("general.architecture", "rwkv6qwen2");
  rwkv6.floats("blk.0.time_mix_w1.weight", {7, 5 * 3}, counted(105))
      .floats("blk.0.time_mix_w2.weight", {3, 7, 5}, counted(105))
      .floats("blk.0.time_mix_lerp_fused.weight", {7, 1, 1, 5}, counted(35))
      .floats("blk.0.time_mix_decay.weight", {7}, counted(7))
      .floats("blk.0.time_mix_decay_w1.weight", {7, 3}, counted(21));
  rwkv7.string("general.architecture", "arwkv7").integer("arwkv7.wkv.head_size", 32);
  add_quantised(rwkv7, "blk.0.time_mix_receptance.weight", {64, 8}, block_type::q4_1);
  rwkv7.floats("blk.0.time_mix_w1.weight", {7, 3}, counted(21))
      .floats("blk.0.time_mix_a0.weight", {7}, counted(7));
  for (const auto& [file, count] : {std::pair{rwkv6, 9u}, std::pair{rwkv7, 3u}}) {
    put("a.gguf", file.bytes());
    const gguf_tensors tensors = gguf_tensors::open(path("a.gguf"));
    EXPECT_EQ(tensors.names().size(), count);
    for (const std::string& name : tensors.names()) {
      expect_the_cpus_bits<float>(*tensors.find(name), name);
    }
  }
}

TEST_F(cuda_gguf_test, another_shape_is_refused) {
  put("a.gguf", llama_file().bytes());
  attention<float, cuda_backend> model(cuda());
  model.v.resize(cuda(), {8, 128});
  EXPECT_TRUE(
      test::says(test::error_of([&] { (void)read_parameters(cuda(), path("a.gguf"), model); }),
                 {"a.gguf", "self_attn.v_proj.weight\" has shape (8, 256), expected (8, 128)"}));
}

}  // namespace cuda_gguf_test
}  // namespace radlads::io
