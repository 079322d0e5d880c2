// SPDX-License-Identifier: Apache-2.0
// Which driver CUDA takes for which shape: decided on the host, so this needs no GPU.

#include "radlads/recurrence/cuda/select_driver.cuh"
#include "radlads/recurrence/rwkv6.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

namespace radlads::test {

TEST(select_driver, takes_the_scan_where_there_is_no_matrix_form) {
  using recurrence::driver;
  const recurrence::driver_case many{.heads = 896, .tokens = 512, .keys = 64, .values = 64};
  const auto with = [&](auto change) {
    recurrence::driver_case at = many;
    change(at);
    return recurrence::select_driver<recurrence::rwkv7, bf16>(at);
  };
  EXPECT_EQ((recurrence::select_driver<recurrence::rwkv7, bf16>(many)), driver::chunked);
  EXPECT_EQ((recurrence::select_driver<recurrence::gla, bf16>(many)), driver::chunked);
  EXPECT_EQ((recurrence::select_driver<recurrence::rwkv6, bf16>(many)), driver::chunked);
  EXPECT_EQ((recurrence::select_driver<recurrence::gated_deltanet, bf16>(many)), driver::chunked);
  EXPECT_EQ((recurrence::select_driver<recurrence::kda, bf16>(many)), driver::chunked);
  EXPECT_EQ((recurrence::select_driver<recurrence::mamba2, bf16>(many)), driver::chunked);
  EXPECT_EQ((recurrence::select_driver<recurrence::rwkv7, float>(many)), driver::scan);
  const recurrence::driver_case few{.heads = 896, .tokens = 31, .keys = 64, .values = 64};
  EXPECT_EQ((recurrence::select_driver<recurrence::rwkv7, bf16>(few)), driver::chunked);
  EXPECT_EQ((recurrence::select_driver<recurrence::gated_deltanet, bf16>(few)), driver::scan);
  EXPECT_EQ(with([](auto& at) { at.heads = 98; }), driver::chunked_walk);
  EXPECT_EQ(with([](auto& at) { at.heads = 99; }), driver::chunked);
  EXPECT_EQ(with([](auto& at) { at.tokens = 1; }), driver::scan);
  EXPECT_EQ(with([](auto& at) { at.keys = at.values = 32; }), driver::scan);
  EXPECT_EQ(with([](auto& at) { at.values = 128; }), driver::scan);
  EXPECT_EQ(with([](auto& at) { at.is_aligned = false; }), driver::scan);
  EXPECT_EQ(with([](auto& at) { at.has_memory = false; }), driver::scan);
}

TEST(select_driver, names_a_result_that_is_not_aligned) {
  view<bf16, 4, device_space> y(nullptr, {1, 16, 2, 64});
  EXPECT_NO_THROW(recurrence::require_aligned("scan_forward", "y", y));
  y.strides[1] += 4;
  EXPECT_EQ(
      error_of([&] { recurrence::require_aligned("scan_forward", "y", y); }),
      "scan_forward: rows of y must be 16 bytes aligned and apart, as those of the inputs are");
}

}  // namespace radlads::test
