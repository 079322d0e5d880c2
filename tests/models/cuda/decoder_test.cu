// SPDX-License-Identifier: Apache-2.0
// Decoding on CUDA, where tokens are records, against the CPU.
#include "radlads/models/decoder.hpp"
#include "support/cuda_model.cuh"

#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace decoder_test {

class cuda_decoder : public cuda_case<float> {};

TEST_F(cuda_decoder, AgreesWithTheCpuFromTokenToToken) {
  const std::vector<std::vector<std::string>> cases{
      {"rad_rwkv7", "rad_rwkv7"}, {"rad_rwkv6", "rad_rwkv6"}, {"rad_rwkv7", "attention"}};
  for (const auto& mixers : cases) {
    const models::config c = small_model(mixers);
    const auto on_cpu = model_at<float>(cpu(), c, convert<float>(model_point(cpu(), c)));
    const auto on_cuda = model_on<float>(cuda(), on_cpu);
    models::decoder<language_model<float>> expected(cpu(), on_cpu, 2);
    models::decoder<cuda_language_model<float>> found(cuda(), on_cuda, 2);
    const std::vector<std::int32_t> ids = some_ids(60);
    const auto check = [&](std::size_t first, std::size_t count) {
      const auto x = expected.take({ids.data() + first, count});
      const auto y = found.take({ids.data() + first, count});
      EXPECT_LT(relative_error(std::vector<double>(y.begin(), y.end()),
                               std::vector<double>(x.begin(), x.end())),
                order_tolerance<float>)
          << mixers[1] << " at " << first;
    };
    check(0, 10);
    for (std::size_t n = 10; n < 40; n += 2) check(n, 2);
    check(40, 10);
    for (std::size_t n = 50; n < 60; n += 2) check(n, 2);
    // Twenty-two tokens by themselves; what follows a prompt is not yet a record.
    if (mixers[1] == "attention") {
      EXPECT_EQ(found.recorded().replays(), 0);
    } else {
      EXPECT_GE(found.recorded().replays(), 16);
    }
  }
}

}  // namespace decoder_test
}  // namespace radlads::test
