// SPDX-License-Identifier: Apache-2.0
// The matrix form of RWKV-7 in bf16 against the scan on the CPU in double, from the same bf16 numbers. What
// rounding the results to bf16 alone costs is 1.7e-3.
#include "radlads/wkv/cuda/chunked_dplr.cuh"
#include "radlads/wkv/cuda/chunked_dplr_backward.cuh"
#include "radlads/wkv/cuda/select_driver.cuh"
#include "support/cuda_case.cuh"

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

// The kernels themselves: through scan_forward the scan, which other sources test, would be compiled as well.
namespace radlads::wkv {

using forward_arguments = scan_forward_arguments<rwkv7, bf16, device_space>;
using backward_arguments = scan_backward_arguments<rwkv7, bf16, device_space>;

inline void scan_forward_on(cuda_backend& b, const forward_arguments& from) {
  from.v.extent(3) == 64 ? launch_chunked_dplr<64>(b, from) : launch_chunked_dplr<128>(b, from);
}
inline void scan_backward_on(cuda_backend& b, const backward_arguments& from) {
  from.v.extent(3) == 64 ? launch_chunked_dplr_backward<64>(b, from) : launch_chunked_dplr_backward<128>(b, from);
}

}  // namespace radlads::wkv

namespace radlads::test {
namespace {

using cell = wkv::rwkv7;
constexpr double output_tolerance = 2.5e-3, gradient_tolerance_in_bf16 = 4e-3;

class chunked_dplr : public cuda_case<bf16> {
 protected:
  using inputs = std::array<twin<bf16, 4>, cell::inputs>;

  /// r, log w, k, a, b as RAD-RWKV7 makes them; log decays between 0 and `lowest`.
  inputs random_inputs(const shape<4>& s, double lowest) {
    const std::int64_t size = s[0] * s[1] * s[2] * s[3], D = s[3];
    std::vector<double> r = random_values(size, 1), w = random_values(size, 2), k = random_values(size, 3);
    std::vector<double> rate = random_values(size, 4), a(r.size()), b(r.size());
    for (std::size_t row = 0; row < r.size(); row += static_cast<std::size_t>(D)) {
      double square = 0;
      for (std::size_t j = row; j < row + static_cast<std::size_t>(D); ++j) square += k[j] * k[j];
      for (std::size_t j = row; j < row + static_cast<std::size_t>(D); ++j) {
        const double kappa = k[j] / std::sqrt(square), iota = 1 / (1 + std::exp(-rate[j]));
        w[j] = lowest / (1 + std::exp(-2 * w[j]));
        a[j] = -kappa;
        b[j] = kappa * iota;
        k[j] *= 1 - std::exp(w[j]) + iota;
      }
    }
    return {of<bf16, 4>(s, r), of<bf16, 4>(s, w), of<bf16, 4>(s, k), of<bf16, 4>(s, a), of<bf16, 4>(s, b)};
  }

  template <class S, class B, bool IsWritten>
  static auto views(inputs& from, auto on) {
    std::array<view_on<std::conditional_t<IsWritten, S, const S>, 4, B>, cell::inputs> result;
    for (std::size_t i = 0; i < from.size(); ++i) result[i] = on(from[i]).whole();
    return result;
  }

  void check(std::int64_t B, std::int64_t tokens, std::int64_t H, std::int64_t D, bool has_states, double lowest) {
    const std::string name = " of " + to_string<4>({B, tokens, H, D}) + " down to " + std::to_string(lowest);
    const shape<4> s{B, tokens, H, D};
    ASSERT_EQ((wkv::select_driver<cell, bf16>(tokens, D, D, true)), wkv::driver::chunked);
    inputs in = random_inputs(s, lowest), din;
    for (auto& each : din) each = room<bf16, 4>(s);
    auto v = random<4>(s), dy = random<4>(s);
    auto y = room<bf16, 4>(s), dv = room<bf16, 4>(s);
    const shape<4> state = has_states ? wkv::state_shape(B, H, D, D) : shape<4>{0, 0, 0, 0};
    const std::int64_t size = state[0] * state[1] * state[2] * state[3];
    auto first = of<float, 4>(state, random_values(size, 7, 0.3)), dlast = of<float, 4>(state, random_values(size, 8));
    auto last = room<float, 4>(state), dfirst = room<float, 4>(state);
    auto checkpoints = room<float, 4>(wkv::checkpoint_shape(B, tokens, H, D, D));
    on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      using backend_type = std::remove_cvref_t<decltype(b)>;
      const auto x = views<S, backend_type, false>(in, on);
      wkv::scan_forward<cell, S>(b, x, on(v), on(y), on(first), on(last), on(checkpoints));
      wkv::scan_backward<cell, S>(b, x, on(v), on(checkpoints), on(dy), on(dlast),
                                  views<S, backend_type, true>(din, on), on(dv), on(dfirst));
    });
    expect_close(y, "y" + name, output_tolerance);
    expect_close(checkpoints, "checkpoints" + name, output_tolerance);
    expect_close(dv, "dv" + name, gradient_tolerance_in_bf16);
    for (std::size_t i = 0; i < din.size(); ++i) {
      expect_close(din[i], std::string("d") + cell::names[i] + name, gradient_tolerance_in_bf16);
    }
    if (!has_states) return;
    expect_close(last, "final state" + name, output_tolerance);
    expect_close(dfirst, "gradient of the initial state" + name, gradient_tolerance_in_bf16);
  }
};

TEST_F(chunked_dplr, EveryLength) {
  for (const std::int64_t tokens : {16, 17, 31, 48, 100}) {
    check(2, tokens, 2, 64, false, -0.606531);
    check(1, tokens, 2, 128, true, -0.606531);
  }
}

TEST_F(chunked_dplr, LongSequences) {
  check(1, 512, 3, 64, true, -0.606531);
  check(1, 512, 2, 128, false, -0.606531);
}

TEST_F(chunked_dplr, StrongDecays) {
  check(1, 100, 2, 64, true, -5);
  check(1, 100, 2, 128, true, -5);
}

TEST_F(chunked_dplr, SameBitsAgain) {
  inputs in = random_inputs({1, 50, 2, 64}, -0.6);
  auto v = random<4>({1, 50, 2, 64});
  auto once = room<bf16, 4>({1, 50, 2, 64}), again = room<bf16, 4>({1, 50, 2, 64});
  const auto x = views<bf16, cuda_backend, false>(in, [](auto& each) -> auto& { return each.device; });
  for (auto* y : {&once, &again}) {
    wkv::scan_forward<cell, bf16>(cuda(), x, v.device, y->device, {}, {}, {});
  }
  EXPECT_EQ(values_of(once.device), values_of(again.device));
}

TEST(select_driver, TakesTheScanWhereThereIsNoMatrixForm) {
  using wkv::driver;
  EXPECT_EQ((wkv::select_driver<wkv::rwkv7, bf16>(512, 64, 64, true)), driver::chunked);
  EXPECT_EQ((wkv::select_driver<wkv::rwkv7, bf16>(1, 64, 64, true)), driver::scan);
  EXPECT_EQ((wkv::select_driver<wkv::rwkv7, bf16>(512, 64, 64, false)), driver::scan);
  EXPECT_EQ((wkv::select_driver<wkv::rwkv7, bf16>(512, 32, 32, true)), driver::scan);
  EXPECT_EQ((wkv::select_driver<wkv::rwkv7, bf16>(512, 128, 128, true, false)), driver::scan);
  EXPECT_EQ((wkv::select_driver<wkv::rwkv7, float>(512, 64, 64, true)), driver::scan);
}

}  // namespace
}  // namespace radlads::test
