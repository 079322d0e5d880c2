// SPDX-License-Identifier: Apache-2.0
#include "radlads/io/safetensors.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace radlads::io {
namespace safetensors_test {

using safetensors_test = test::temporary_directory;
using shape = std::vector<std::int64_t>;

TEST_F(safetensors_test, what_is_written_in_shards_is_read_back) {
  std::vector<float> weights(1000);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = 1.0f / static_cast<float>(i + 1);
  const std::vector<double> moments = {1e-300, 0.1, -3e200};
  const std::int64_t step = 1221;
  safetensors_writer writer;
  writer.add("model.weight", dtype::f32, {10, 100}, weights.data());
  writer.add("model.weight_half", dtype::bf16, {1000}, weights.data());
  writer.add("moments", dtype::f64, {3}, moments.data());
  writer.add("step", dtype::i64, {}, &step);
  writer.add_metadata("note", "a \"quoted\" word");
  writer.write_sharded(directory_, 3000);

  const safetensors_set set = safetensors_set::open(directory_);
  EXPECT_EQ(set.files().size(), 2u);
  EXPECT_EQ(set.files()[0].metadata().at("note"), "a \"quoted\" word");
  std::vector<float> found(1000);
  read_tensor(*set.find("model.weight"), shape{10, 100}, found.data());
  EXPECT_EQ(found, weights);
  read_tensor(*set.find("model.weight_half"), shape{1000}, found.data());
  // bf16 keeps eight bits: rounding to nearest errs by at most one part in 256.
  for (std::size_t i = 0; i < weights.size(); ++i) {
    ASSERT_NEAR(found[i], weights[i], weights[i] / 256) << i;
  }
  std::vector<double> found_moments(3);
  read_tensor(*set.find("moments"), shape{3}, found_moments.data());
  EXPECT_EQ(found_moments, moments);
  std::int64_t found_step = 0;
  read_tensor(*set.find("step"), shape{}, &found_step);
  EXPECT_EQ(found_step, step);
}

}  // namespace safetensors_test
}  // namespace radlads::io
