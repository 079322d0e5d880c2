// SPDX-License-Identifier: Apache-2.0
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/host_copy.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace radlads::test {
namespace host_copy_test {

TEST(host_copy, host_memory_is_used_as_it_is) {
  cpu_backend b;
  tensor<float, 2, cpu_backend> t(b, {2, 3});
  write_on_host(b, t, [](float* to) {
    for (int i = 0; i < 6; ++i) to[i] = static_cast<float>(i);
  });
  EXPECT_EQ(to_host(b, t), (std::vector<float>{0, 1, 2, 3, 4, 5}));
  read_on_host(b, t, [&](const float* from) { EXPECT_EQ(from, t.data()); });
  host_copies<cpu_backend> copies(b);
  EXPECT_EQ(copies.of(t), t.data());
}

TEST(host_copy, an_empty_tensor_has_no_elements) {
  cpu_backend b;
  const tensor<double, 1, cpu_backend> t(b, {0});
  EXPECT_TRUE(to_host(b, t).empty());
}

}  // namespace host_copy_test
}  // namespace radlads::test
