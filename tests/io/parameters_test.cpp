// SPDX-License-Identifier: Apache-2.0
#include "io/safetensors_bytes.hpp"
#include "io/tensor_list.hpp"
#include "radlads/core/dry_run/backend.hpp"
#include "radlads/io/parameters.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <unistd.h>
#include <vector>

namespace radlads::io {
namespace parameters_test {

using strings = std::vector<std::string>;
using floats = std::vector<float>;

class parameters_test : public test::temporary_directory {
 protected:
  /// Writes one-element F32 tensors of shape (1, 1), the i-th with value i.
  std::filesystem::path put_ones(const std::string& file, const strings& names) const {
    std::string header, data;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto value = static_cast<float>(i);
      header += (i == 0 ? "{\"" : ",\"") + names[i] +
                R"(":{"dtype":"F32","shape":[1,1],"data_offsets":[)" + std::to_string(4 * i) + "," +
                std::to_string(4 * i + 4) + "]}";
      data.append(reinterpret_cast<const char*>(&value), 4);
    }
    return put(file, test::safetensors_bytes(header + "}", data));
  }

  test::tensor_list<float> ones(const strings& names) {
    test::tensor_list<float> set;
    for (const std::string& name : names) set.add(backend_, name, {1, 1}, -1.0f);
    return set;
  }

  cpu_backend backend_{{.threads = 1, .poison = true}};
};

TEST_F(parameters_test, reads_each_tensor_by_name) {
  test::tensor_list<double> set;
  set.add(backend_, "z", {2, 2}, 0.0);
  put("model.safetensors", test::reference_safetensors());
  const strings unread = read_parameters(backend_, directory_, set);
  EXPECT_EQ(set.values(0), (std::vector<double>{1, -2, 0.5, 3}));
  EXPECT_EQ(unread, (strings{"a", "b", "c", "e", "k", "n\u00e9\"", "u"}));
  EXPECT_EQ(read_parameters(backend_, path("model.safetensors"), set), unread);
}

TEST_F(parameters_test, a_missing_tensor_is_named_with_its_shape) {
  put_ones("model.safetensors", {"a"});
  auto set = ones({"a", "b"});
  EXPECT_TRUE(test::says(test::error_of([&] { (void)read_parameters(backend_, directory_, set); }),
                         {directory_.string(), "tensor \"b\" of shape (1, 1) is missing"}));
}

TEST_F(parameters_test, another_shape_or_type_is_named) {
  put("model.safetensors", test::reference_safetensors());
  test::tensor_list<float> shape, type;
  shape.add(backend_, "z", {1, 4}, 0.0f);
  type.add(backend_, "k", {1, 1}, 0.0f);
  EXPECT_TRUE(
      test::says(test::error_of([&] { (void)read_parameters(backend_, directory_, shape); }),
                 {path("model.safetensors").string(), "\"z\"", "(2, 2)", "(1, 4)"}));
  EXPECT_TRUE(test::says(test::error_of([&] { (void)read_parameters(backend_, directory_, type); }),
                         {path("model.safetensors").string(), "\"k\"", "I32", "F32"}));
}

TEST_F(parameters_test, a_missing_shard_is_named) {
  put("model.safetensors.index.json",
      R"({"metadata":{},"weight_map":{"a":"model-00001-of-00002.safetensors",
          "b":"model-00002-of-00002.safetensors"}})");
  put_ones("model-00001-of-00002.safetensors", {"a"});
  auto set = ones({"a", "b"});
  EXPECT_TRUE(test::says(test::error_of([&] { (void)read_parameters(backend_, directory_, set); }),
                         {"model-00002-of-00002.safetensors is missing", "\"b\""}));
  put_ones("model-00002-of-00002.safetensors", {"x", "b"});
  EXPECT_TRUE(read_parameters(backend_, directory_, set).empty());
  EXPECT_EQ(set.values(1), floats{1});
}

TEST_F(parameters_test, a_missing_head_is_the_embedding_only_on_request) {
  put_ones("model.safetensors", {"model.norm.weight", "model.embed_tokens.weight"});
  auto set = ones({"lm_head.weight"});
  EXPECT_TRUE(test::says(test::error_of([&] { (void)read_parameters(backend_, directory_, set); }),
                         {"lm_head.weight", "missing"}));
  EXPECT_EQ(read_parameters(backend_, directory_, set, {.head_may_be_embedding = true}),
            strings{"model.norm.weight"});
  EXPECT_EQ(set.values(0), floats{1});
  put_ones("model.safetensors", {"x", "model.embed_tokens.weight", "lm_head.weight"});
  (void)read_parameters(backend_, directory_, set, {.head_may_be_embedding = true});
  EXPECT_EQ(set.values(0), floats{2});
}

TEST_F(parameters_test, only_tensors_known_to_be_unused_are_left_out_of_the_report) {
  const std::string first = "model.layers.0.self_attn.", second = "model.layers.1.self_attn.";
  put_ones("model.safetensors",
           {first + "w0", first + "v0", first + "v1", first + "v2", first + "r_k", second + "w0",
            second + "k_k", second + "k_a", second + "r_k", second + "v0", second + "ln_x.weight",
            second + "rotary_emb.inv_freq", "model.layers.2.self_attn.r_k"});
  auto set = ones({first + "w0", second + "w0"});
  EXPECT_EQ(read_parameters(backend_, directory_, set),
            (strings{second + "ln_x.weight", second + "v0", "model.layers.2.self_attn.r_k"}));
}

TEST_F(parameters_test, a_second_head_is_unused_only_when_it_repeats_the_embedding) {
  const std::string header =
      R"({"lm_head.weight":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},)"
      R"("model.embed_tokens.weight":{"dtype":"F32","shape":[1,1],"data_offsets":[4,8]}})";
  auto set = ones({"model.embed_tokens.weight"});
  put("model.safetensors", test::safetensors_bytes(header, "abcdabcd"));
  EXPECT_TRUE(read_parameters(backend_, directory_, set).empty());
  put("model.safetensors", test::safetensors_bytes(header, "abcdabce"));
  EXPECT_EQ(read_parameters(backend_, directory_, set), strings{"lm_head.weight"});
}

TEST_F(parameters_test, writes_one_file_or_shards) {
  test::tensor_list<float> set;
  set.add(backend_, "b", {2, 3}, 1.0f).add(backend_, "a", {1, 2}, 0.1f);
  std::filesystem::create_directory(path("one"));
  write_parameters(backend_, set, path("one"));
  const auto file = safetensors_file::open(path("one/model.safetensors"));
  EXPECT_EQ(file.metadata().at("format"), "pt");
  EXPECT_EQ(file.find("b")->dtype, dtype::f32);
  floats found(6);
  std::memcpy(found.data(), file.find("b")->data, 6 * sizeof(float));
  EXPECT_EQ(found, (floats{1, 2, 3, 4, 5, 6}));

  std::filesystem::create_directory(path("shards"));
  write_parameters(backend_, set, path("shards"),
                   {.stored_as = dtype::bf16, .max_shard_bytes = 12});
  EXPECT_TRUE(std::filesystem::exists(path("shards/model-00002-of-00002.safetensors")));
  const auto shards = safetensors_set::open(path("shards"));
  EXPECT_EQ(shards.find("b")->dtype, dtype::bf16);
  // 0.1f is 0x3dcccccd; its upper half rounds up.
  const std::uint16_t tenth = 0x3dcd;
  EXPECT_EQ(std::memcmp(shards.find("a")->data, &tenth, sizeof tenth), 0);
}

TEST_F(parameters_test, written_parameters_come_back_bit_for_bit) {
  test::tensor_list<double> set, read;
  set.add(backend_, "a", {3, 5}, 0.1);
  set.tensors[0].second.data()[0] = std::numeric_limits<double>::quiet_NaN();
  set.tensors[0].second.data()[1] = -0.0;
  set.tensors[0].second.data()[2] = std::numeric_limits<double>::denorm_min();
  read.add(backend_, "a", {3, 5}, 0.0);
  write_parameters(backend_, set, directory_, {.stored_as = dtype::f64});
  EXPECT_TRUE(read_parameters(backend_, directory_, read).empty());
  const auto bits = [](const test::tensor_list<double>& from) {
    std::vector<std::uint64_t> words(15);
    std::memcpy(words.data(), from.tensors[0].second.data(), words.size() * sizeof(double));
    return words;
  };
  EXPECT_EQ(bits(set), bits(read));
}

/// Memory of this process that no file stands behind.
std::int64_t private_bytes() {
  std::int64_t size = 0, resident = 0, shared = 0;
  std::ifstream("/proc/self/statm") >> size >> resident >> shared;
  return (resident - shared) * ::sysconf(_SC_PAGE_SIZE);
}

/// A device whose copies note how much memory the host uses for them.
struct watching_backend : dry_run_backend {
  std::int64_t most = 0;
  void copy(void* to, const void* from, std::size_t bytes) {
    most = std::max(most, private_bytes());
    dry_run_backend::copy(to, from, bytes);
  }
};

struct sharded_model {
  std::vector<tensor<float, 2, watching_backend>> tensors;
  template <class F, class First, class... Rest>
  static void for_each(F&& f, First& first, Rest&... rest) {
    for (std::size_t i = 0; i < first.tensors.size(); ++i)
      visit(f, "tensor." + std::to_string(i), first.tensors[i], rest.tensors[i]...);
  }
};

TEST_F(parameters_test, the_host_holds_one_tensor_of_a_device_at_a_time) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the address sanitizer keeps freed memory";
#endif
  constexpr std::int64_t rows = 1024, columns = 1024, count = 24;
  constexpr std::int64_t bytes = rows * columns * 4;  // of one tensor: 4 MiB
  {
    test::tensor_list<float> set;
    for (std::int64_t i = 0; i < count; ++i)
      set.add(backend_, "tensor." + std::to_string(i), {rows, columns}, 1.0f);
    write_parameters(backend_, set, directory_, {.max_shard_bytes = 5 * bytes});
  }
  EXPECT_TRUE(std::filesystem::exists(path("model.safetensors.index.json")));
  watching_backend device;
  sharded_model model;
  model.tensors.resize(count);
  for (auto& each : model.tensors) each.resize(device, {rows, columns});
  const std::int64_t before = private_bytes();
  EXPECT_TRUE(read_parameters(device, directory_, model).empty());
  EXPECT_GE(device.most, before + bytes / 2) << "the copies were not watched";
  EXPECT_LE(device.most, before + 3 * bytes);
}

}  // namespace parameters_test
}  // namespace radlads::io
