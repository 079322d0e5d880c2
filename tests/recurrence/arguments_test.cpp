// SPDX-License-Identifier: Apache-2.0
// What a recurrence takes, and that what a backend is handed can be passed to a kernel by value.

#include "radlads/core/backend.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/recurrence/arguments.hpp"
#include "radlads/recurrence/gla.hpp"
#include "radlads/recurrence/rwkv7.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <type_traits>

namespace radlads::test {

TEST(arguments, are_tensors_views_or_absent) {
  cpu_backend b;
  tensor<float, 4, cpu_backend> owned(b, {1, 2, 3, 4});
  using argument = recurrence::view_argument<const float, 4, host_space>;
  EXPECT_EQ(argument(owned).value.pointer, owned.data());
  EXPECT_EQ(argument(owned.whole()).value.sizes(), (shape<4>{1, 2, 3, 4}));
  EXPECT_TRUE(argument{}.value.empty());
}

TEST(arguments, inputs_are_a_list_or_an_array) {
  cpu_backend b;
  tensor<float, 4, cpu_backend> r(b, {1, 1, 1, 4}), k(b, {1, 1, 1, 4});
  const tensor<float, 4, cpu_backend> w(b, {1, 1, 1, 4});
  using list = recurrence::input_arguments<recurrence::gla, const float, host_space>;
  const list braced = {r, w, k.whole()};
  const std::array<view<const float, 4>, 3> array{r, w, k};
  const list whole = array;
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(braced.views[i].pointer, whole.views[i].pointer);
  EXPECT_EQ(braced.views[1].pointer, w.data());
}

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
