// SPDX-License-Identifier: Apache-2.0
#include "radlads/recurrence/mamba2.hpp"
#include "recurrence/cuda/scan_case.cuh"
#include "support/error_of.hpp"

namespace radlads::test {

// A bf16 case computes in float.
using subjects_mamba2 = ::testing::Types<subject<recurrence::mamba2, bf16>>;
INSTANTIATE_TYPED_TEST_SUITE_P(mamba2, cuda_scan, subjects_mamba2);

using cuda_retnet = cuda_case<bf16>;

TEST_F(cuda_retnet, one_decay_for_all_tokens) {
  using cell = recurrence::mamba2;
  constexpr std::int64_t B = 1, T = 40, H = 3, D = 64;
  const shape<4> s{B, T, H, D};
  auto r = random<4>(s), k = random<4>(s), v = random<4>(s), y = poisoned<bf16, 4>(s);
  auto decays = of<bf16, 4>({B, 1, H, 1}, {-0.03125, -0.015625, -0.0078125});
  auto dr = poisoned<bf16, 4>(s), dk = poisoned<bf16, 4>(s), dv = poisoned<bf16, 4>(s),
       dg = poisoned<bf16, 4>({B, T, H, 1});
  auto checkpoints = poisoned<float, 4>(recurrence::checkpoint_shape(B, T, H, D, D));
  const auto for_all_tokens = [](auto g) {
    g.extents[1] = T;
    g.strides[1] = 0;
    return g;
  };
  on_both([&](auto& b, auto tag, auto on) {
    using S = decltype(tag);
    const auto g = for_all_tokens(on(decays).read());
    recurrence::scan_forward<cell, S>(b, {on(r).read(), on(k).read(), g}, on(v), on(y), {}, {},
                                      on(checkpoints));
    recurrence::scan_backward<cell, S>(b, {on(r).read(), on(k).read(), g}, on(v), on(checkpoints),
                                       on(v), {}, {on(dr).whole(), on(dk).whole(), on(dg).whole()},
                                       on(dv), {});
  });
  expect_close(y, "y", chunkwise_output_tolerance);
  expect_close(dr, "dr", chunkwise_gradient_tolerance);
  expect_close(dk, "dk", chunkwise_gradient_tolerance);
  expect_close(dg, "dg", chunkwise_gradient_tolerance);
  expect_close(dv, "dv", chunkwise_gradient_tolerance);
  const auto g = for_all_tokens(decays.device.read());
  EXPECT_EQ(error_of([&] {
              recurrence::scan_backward<cell, bf16>(
                  cuda(), {r.device.read(), k.device.read(), g}, v.device, checkpoints.device,
                  v.device, {},
                  {dr.device.whole(), dk.device.whole(), for_all_tokens(dg.device.whole())},
                  dv.device, {});
            }),
            "scan_backward: chunkwise the gradient of g needs a number for each token; found one "
            "for all");
}

}  // namespace radlads::test
