// SPDX-License-Identifier: Apache-2.0
// The update of bf16 parameters with float moments and master, against the same functor in double.
#include "radlads/ops/cuda/map.cuh"
#include "radlads/optim/cuda/adamw.cuh"
#include "support/cuda_case.cuh"

#include <cmath>
#include <cstdint>
#include <vector>

namespace radlads::test {
namespace adamw_test {

class cuda_adamw : public cuda_case<bf16> {};

TEST_F(cuda_adamw, moves_moments_and_master_and_rounds_the_parameter) {
  // Sizes with and without vectors.
  for (const std::int64_t size : {1, 7, 256, 5003}) {
    const std::vector<double> start = random_values(size, 1);
    auto p = of<bf16, 1>({size}, start);
    auto g = of<bf16, 1>({size}, random_values(size, 2));
    auto m = of<float, 1>({size}, random_values(size, 3, 0.1)), exact = of<float, 1>({size}, start);
    std::vector<double> squares = random_values(size, 4, 0.1);
    for (double& each : squares) each *= each;
    auto v = of<float, 1>({size}, squares);
    const optim::adamw_step<float> step{0.5f, 0.9f, 0.1f, 0.95f, 0.05f, 0.999f, 1e-2f, 1.5f, 1e-8f};
    const optim::adamw_step<double> in_double{0.5,    0.9f,  0.1f, 0.95f, 0.05f,
                                              0.999f, 1e-2f, 1.5,  1e-8f};
    ops::elementwise<double>(
        cpu(), in_double, ops::outputs(exact.host.flat(), m.host.flat(), v.host.flat()),
        ops::inputs(exact.host.flat(), g.host.flat(), m.host.flat(), v.host.flat()));
    adamw_on<bf16>(cuda(), step, p.device, g.device, m.device, v.device, exact.device);
    expect_close(m, "first moment", cuda_tolerance<float>);
    expect_close(v, "second moment", cuda_tolerance<float>);
    expect_close(exact, "master", cuda_tolerance<float>);
    // The parameter is the master, rounded once.
    const std::vector<double> rounded = values_of(p.device), master = values_of(exact.device);
    for (std::size_t i = 0; i < rounded.size(); ++i) {
      EXPECT_EQ(rounded[i],
                static_cast<double>(static_cast<float>(bf16(static_cast<float>(master[i])))));
    }
  }
}

}  // namespace adamw_test
}  // namespace radlads::test
