// SPDX-License-Identifier: Apache-2.0
#include "radlads/ops/cuda/convert.cuh"
#include "support/cuda_case.cuh"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace radlads::test {
namespace convert_test {

class cuda_convert : public cuda_case<float> {};

TEST_F(cuda_convert, is_that_of_the_cpu) {
  // Sizes with and without vectors, and one of many blocks.
  for (const std::int64_t size : {0, 1, 7, 256, 100003, 1 << 20}) {
    const std::vector<double> values = random_values(size, 1);
    auto from = of<float, 1>({size}, values);
    tensor<bf16, 1, cuda_backend> rounded(cuda(), {size});
    tensor<double, 1, cuda_backend> wide(cuda(), {size});
    ops::convert<float, bf16>(cuda(), from.device, rounded);
    ops::convert<bf16, double>(cuda(), rounded, wide);
    const std::vector<double> found = values_of(wide);
    for (std::size_t i = 0; i < found.size(); ++i) {
      ASSERT_EQ(found[i],
                static_cast<double>(static_cast<float>(bf16(static_cast<float>(values[i])))))
          << i << " of " << size;
    }
  }
}

TEST_F(cuda_convert, from_the_places_that_views_begin_at) {
  auto from = of<float, 1>({65}, random_values(65, 1));
  tensor<bf16, 1, cuda_backend> to(cuda(), {65});
  cuda().set_zero(to.data(), 65 * sizeof(bf16));
  ops::convert<float, bf16>(cuda(),
                            view<const float, 1, device_space>(from.device.data() + 1, {64}),
                            view<bf16, 1, device_space>(to.data() + 1, {64}));
  const std::vector<double> found = values_of(to);
  EXPECT_EQ(found[0], 0);
  for (std::size_t i = 1; i < found.size(); ++i) {
    ASSERT_EQ(found[i], static_cast<double>(
                            static_cast<float>(bf16(static_cast<float>(from.host.data()[i])))));
  }
}

}  // namespace convert_test
}  // namespace radlads::test
