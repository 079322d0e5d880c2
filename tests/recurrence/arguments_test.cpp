// SPDX-License-Identifier: Apache-2.0
// What a backend is handed can be passed to a kernel by value.

#include "radlads/recurrence/arguments.hpp"
#include "radlads/recurrence/gla.hpp"
#include "radlads/recurrence/rwkv7.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace radlads::test {

TEST(arguments, are_trivially_copyable) {
  using forward = recurrence::scan_forward_arguments<recurrence::rwkv7, float, device_space>;
  using backward = recurrence::scan_backward_arguments<recurrence::gla, bf16, device_space>;
  EXPECT_TRUE(std::is_trivially_copyable_v<forward>);
  EXPECT_TRUE(std::is_trivially_copyable_v<backward>);
  // A kernel's parameters may take 4 KiB.
  EXPECT_LE(sizeof(forward), 4096u);
  EXPECT_LE(sizeof(backward), 4096u);
}

TEST(arguments, states_of_storage_types_are_float) {
  using backward = recurrence::scan_backward_arguments<recurrence::gla, bf16, device_space>;
  EXPECT_TRUE(
      (std::is_same_v<decltype(backward::checkpoints), view<const float, 4, device_space>>));
  EXPECT_TRUE((std::is_same_v<decltype(backward::dv), view<bf16, 4, device_space>>));
}

}  // namespace radlads::test
