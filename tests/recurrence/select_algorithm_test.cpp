// SPDX-License-Identifier: Apache-2.0
// Which algorithm CUDA takes for which shape: decided on the host, so this needs no GPU.

#include "radlads/recurrence/cuda/select_algorithm.hpp"
#include "radlads/recurrence/rwkv6.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

namespace radlads::test {

TEST(select_algorithm, takes_the_scan_where_there_is_no_chunkwise_form) {
  using recurrence::algorithm;
  const recurrence::algorithm_case many{.heads = 896, .tokens = 512, .keys = 64, .values = 64};
  const auto with = [&](auto change) {
    recurrence::algorithm_case at = many;
    change(at);
    return recurrence::select_algorithm<recurrence::rwkv7, bf16>(at);
  };
  EXPECT_EQ((recurrence::select_algorithm<recurrence::rwkv7, bf16>(many)), algorithm::chunkwise);
  EXPECT_EQ((recurrence::select_algorithm<recurrence::gla, bf16>(many)), algorithm::chunkwise);
  EXPECT_EQ((recurrence::select_algorithm<recurrence::rwkv6, bf16>(many)), algorithm::chunkwise);
  EXPECT_EQ((recurrence::select_algorithm<recurrence::gated_deltanet, bf16>(many)),
            algorithm::chunkwise);
  EXPECT_EQ((recurrence::select_algorithm<recurrence::kda, bf16>(many)), algorithm::chunkwise);
  EXPECT_EQ((recurrence::select_algorithm<recurrence::mamba2, bf16>(many)), algorithm::chunkwise);
  EXPECT_EQ((recurrence::select_algorithm<recurrence::rwkv7, float>(many)), algorithm::scan);
  const recurrence::algorithm_case few{.heads = 896, .tokens = 31, .keys = 64, .values = 64};
  EXPECT_EQ((recurrence::select_algorithm<recurrence::rwkv7, bf16>(few)), algorithm::chunkwise);
  EXPECT_EQ((recurrence::select_algorithm<recurrence::gated_deltanet, bf16>(few)), algorithm::scan);
  EXPECT_EQ(with([](auto& at) { at.heads = 98; }), algorithm::two_pass_chunkwise);
  EXPECT_EQ(with([](auto& at) { at.heads = 99; }), algorithm::chunkwise);
  EXPECT_EQ(with([](auto& at) { at.tokens = 1; }), algorithm::scan);
  EXPECT_EQ(with([](auto& at) { at.keys = at.values = 32; }), algorithm::scan);
  EXPECT_EQ(with([](auto& at) { at.values = 128; }), algorithm::scan);
  EXPECT_EQ(with([](auto& at) { at.is_aligned = false; }), algorithm::scan);
  EXPECT_EQ(with([](auto& at) { at.has_memory = false; }), algorithm::scan);
}

TEST(select_algorithm, names_a_result_that_is_not_aligned) {
  view<bf16, 4, device_space> y(nullptr, {1, 16, 2, 64});
  EXPECT_NO_THROW(recurrence::require_aligned("scan_forward", "y", y));
  y.strides[1] += 4;
  EXPECT_EQ(
      error_of([&] { recurrence::require_aligned("scan_forward", "y", y); }),
      "scan_forward: rows of y must be 16 bytes aligned and apart, as those of the inputs are");
}

}  // namespace radlads::test
