// SPDX-License-Identifier: Apache-2.0
#include "radlads/core/cuda/backend.cuh"
#include "radlads/core/host_copy.hpp"
#include "support/cuda_case.cuh"

#include <vector>

namespace radlads::test {
namespace host_copy_test {

class cuda_host_copy : public cuda_case<float> {};

TEST_F(cuda_host_copy, there_and_back) {
  tensor<float, 2, cuda_backend> t(cuda(), {2, 3});
  write_on_host(cuda(), t, [](float* to) {
    for (int i = 0; i < 6; ++i) to[i] = static_cast<float>(i);
  });
  const std::vector<float> expected{0, 1, 2, 3, 4, 5};
  EXPECT_EQ(to_host(cuda(), t), expected);
  read_on_host(cuda(), t,
               [&](const float* from) { EXPECT_EQ(std::vector<float>(from, from + 6), expected); });
  host_copies<cuda_backend> copies(cuda());
  const float* kept = copies.of(t);
  EXPECT_EQ(std::vector<float>(kept, kept + 6), expected);
}

}  // namespace host_copy_test
}  // namespace radlads::test
