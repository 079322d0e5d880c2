// SPDX-License-Identifier: Apache-2.0
#pragma once
// The chunkwise forms of recurrences in bf16 against the scan on the CPU in double, from the same
// bf16 numbers: a fixture and its tests, for one cell a source. What rounding the results to bf16
// alone costs is 1.7e-3.
#include "radlads/recurrence/cuda/chunkwise.cuh"
#include "radlads/recurrence/cuda/chunkwise_backward.cuh"
#include "radlads/recurrence/cuda/chunkwise_delta.cuh"
#include "radlads/recurrence/cuda/select_algorithm.hpp"
#include "radlads/recurrence/cuda/two_pass_chunkwise.cuh"
#include "radlads/recurrence/cuda/two_pass_chunkwise_backward.cuh"
#include "support/cuda_case.cuh"

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

namespace radlads::test {
namespace chunkwise_test {

/// The kernels themselves, whatever select_algorithm would say.
template <class Cell>
void launch_forward(cuda_backend& b, recurrence::algorithm chosen,
                    const recurrence::scan_forward_arguments<Cell, bf16, device_space>& from) {
  using namespace recurrence::chunkwise;
  const bool is_narrow = from.v.extent(3) == 64;
  if (chosen == recurrence::algorithm::chunkwise) {
    is_narrow ? launch_chunkwise<64>(b, from) : launch_chunkwise<128>(b, from);
  } else {
    is_narrow ? launch_two_pass_chunkwise<64>(b, from) : launch_two_pass_chunkwise<128>(b, from);
  }
}
template <class Cell>
void launch_backward(cuda_backend& b, recurrence::algorithm chosen,
                     const recurrence::scan_backward_arguments<Cell, bf16, device_space>& from) {
  using namespace recurrence::chunkwise;
  const bool is_narrow = from.v.extent(3) == 64;
  if (chosen == recurrence::algorithm::chunkwise) {
    is_narrow ? launch_chunkwise_backward<64>(b, from) : launch_chunkwise_backward<128>(b, from);
  } else {
    is_narrow ? launch_two_pass_chunkwise_backward<64>(b, from)
              : launch_two_pass_chunkwise_backward<128>(b, from);
  }
}

template <class Cell, recurrence::algorithm Algorithm>
struct subject {
  using cell = Cell;
  static constexpr recurrence::algorithm chosen = Algorithm;
};

template <class Subject>
class chunkwise : public cuda_case<bf16> {
 protected:
  using cell = typename Subject::cell;
  using forward_arguments = recurrence::scan_forward_arguments<cell, bf16, device_space>;
  using backward_arguments = recurrence::scan_backward_arguments<cell, bf16, device_space>;
  using inputs = std::array<tensor_pair<bf16, 4>, cell::inputs>;

  static constexpr bool has_bonus = recurrence::chunkwise::has_bonus<typename cell::form>;
  static constexpr std::size_t key = recurrence::chunkwise::in_k<typename cell::form>;
  static constexpr bool has_token_decay =
      recurrence::chunkwise::has_token_decay<typename cell::form>;
  static constexpr bool has_beta = recurrence::chunkwise::has_beta<typename cell::form>;

  /// Of input i in memory: a bonus has one row a sequence and head.
  static shape<4> stored_shape(std::size_t i, const shape<4>& s) {
    shape<4> own = recurrence::input_shape<cell>(i, s);
    if (has_bonus && i + 1 == cell::inputs) own[1] = 1;
    return own;
  }

  /// r, log w, k, a, b as RAD-RWKV7 makes them, or r, log w, k with a bonus or without; where there
  /// is a beta keys have length one, and a decay may be a per-token scalar; log decays between
  /// 0 and `lowest`.
  inputs random_inputs(const shape<4>& s, double lowest) {
    const std::int64_t size = s[0] * s[1] * s[2] * s[3], D = s[3];
    std::vector<double> r = random_values(size, 1), w = random_values(size, 2),
                        k = random_values(size, 3);
    std::vector<double> pre = random_values(size, 4), a(r.size()), b(r.size());
    for (std::size_t row = 0; row < r.size(); row += static_cast<std::size_t>(D)) {
      double square = 0;
      for (std::size_t j = row; j < row + static_cast<std::size_t>(D); ++j) square += k[j] * k[j];
      for (std::size_t j = row; j < row + static_cast<std::size_t>(D); ++j) {
        const double kappa = k[j] / std::sqrt(square), iclr = 1 / (1 + std::exp(-pre[j]));
        w[j] = lowest / (1 + std::exp(-2 * w[j]));
        a[j] = -kappa;
        b[j] = kappa * iclr;
        k[j] *= 1 - std::exp(w[j]) + iclr;
      }
    }
    std::vector<double> u = random_values(s[0] * s[2] * D, 5);
    std::vector<double> log_decay(r.size() / static_cast<std::size_t>(D)), beta(log_decay.size());
    for (std::size_t row = 0; row < log_decay.size(); ++row) {
      log_decay[row] = w[row * static_cast<std::size_t>(D)];
      beta[row] = 1 / (1 + std::exp(-pre[row * static_cast<std::size_t>(D)]));
    }
    if (has_beta) {
      for (double& each : a) each = -each;
    }
    std::vector<const std::vector<double>*> values{&r, &w, &k, &a, &b};
    if (has_bonus) values = {&r, &w, &k, &u};
    if (has_token_decay || has_beta) {
      values = {&r};
      if (!has_token_decay) values.push_back(&w);
      values.push_back(has_beta ? &a : &k);
      if (has_token_decay) values.push_back(&log_decay);
      if (has_beta) values.push_back(&beta);
    }
    inputs result;
    for (std::size_t i = 0; i < result.size(); ++i)
      result[i] = of<bf16, 4>(stored_shape(i, s), *values[i]);
    return result;
  }

  template <class S, class B, bool IsWritten>
  static auto views(inputs& from, std::int64_t tokens, auto on) {
    std::array<view_on<std::conditional_t<IsWritten, S, const S>, 4, B>, cell::inputs> result;
    for (std::size_t i = 0; i < from.size(); ++i) result[i] = on(from[i]).whole();
    if constexpr (has_bonus) {
      result.back().extents[1] = tokens;
      result.back().strides[1] = 0;
    }
    return result;
  }

  /// With a group above one, keys and values have as many times fewer heads.
  void check(std::int64_t B, std::int64_t tokens, std::int64_t H, std::int64_t D, bool has_states,
             double lowest, std::int64_t group = 1) {
    const std::string name =
        " of " + to_string<4>({B, tokens, H, D}) + " down to " + std::to_string(lowest);
    const shape<4> s{B, tokens, H, D};
    inputs in = random_inputs(s, lowest), din;
    for (std::size_t i = 0; i < din.size(); ++i) din[i] = poisoned<bf16, 4>(stored_shape(i, s));
    auto v = random<4>({B, tokens, H / group, D}), dy = random<4>(s);
    auto y = poisoned<bf16, 4>(s), dv = poisoned<bf16, 4>(s);
    const shape<4> state = has_states ? recurrence::state_shape(B, H, D, D) : shape<4>{0, 0, 0, 0};
    const std::int64_t size = state[0] * state[1] * state[2] * state[3];
    auto first = of<float, 4>(state, random_values(size, 7, 0.3)),
         dlast = of<float, 4>(state, random_values(size, 8));
    auto last = poisoned<float, 4>(state), dfirst = poisoned<float, 4>(state);
    auto checkpoints = poisoned<float, 4>(recurrence::checkpoint_shape(B, tokens, H, D, D));
    on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      using backend_type = std::remove_cvref_t<decltype(b)>;
      auto x = views<S, backend_type, false>(in, tokens, on);
      x[key].extents[2] /= group;  // the first heads serve
      const auto dx = views<S, backend_type, true>(din, tokens, on);
      if constexpr (std::is_same_v<backend_type, cuda_backend>) {
        launch_forward(b, Subject::chosen,
                       forward_arguments{x, on(v), on(y), on(first), on(last), on(checkpoints)});
        launch_backward(b, Subject::chosen,
                        backward_arguments{x, on(v), on(checkpoints), on(dy), on(dlast), dx, on(dv),
                                           on(dfirst)});
      } else {
        recurrence::scan_forward<cell, S>(b, x, on(v), on(y), on(first), on(last), on(checkpoints));
        recurrence::scan_backward<cell, S>(b, x, on(v), on(checkpoints), on(dy), on(dlast), dx,
                                           on(dv), on(dfirst));
      }
    });
    expect_close(y, "y" + name, chunkwise_output_tolerance);
    expect_close(dv, "dv" + name, chunkwise_gradient_tolerance);
    for (std::size_t i = 0; i < din.size(); ++i) {
      expect_close(din[i], std::string("d") + cell::names[i] + name, chunkwise_gradient_tolerance);
    }
    if (!has_states) return;
    expect_close(last, "final state" + name, chunkwise_output_tolerance);
    // Where one decay takes the whole state, nothing is left to be relative to but the limit of a
    // token's decay, times numbers of dy and r.
    if (has_token_decay && lowest < -10) {
      const std::vector<double> found = values_of(dfirst.device);
      for (std::size_t i = 0; i < found.size(); ++i)
        ASSERT_NEAR(found[i], dfirst.host.data()[i], 10 * std::exp(-10)) << name << " at " << i;
      return;
    }
    expect_close(dfirst, "gradient of the initial state" + name, chunkwise_gradient_tolerance);
  }
};

TYPED_TEST_SUITE_P(chunkwise);

TYPED_TEST_P(chunkwise, every_length) {
  for (const std::int64_t tokens : {16, 17, 31, 48, 100}) {
    this->check(2, tokens, 2, 64, false, -0.606531);
    this->check(1, tokens, 2, 128, true, -0.606531);
  }
}

TYPED_TEST_P(chunkwise, long_sequences) {
  this->check(1, 512, 3, 64, true, -0.606531);
  this->check(1, 512, 2, 128, false, -0.606531);
}

TYPED_TEST_P(chunkwise, strong_decays) {
  this->check(1, 100, 2, 64, true, -5);
  this->check(1, 100, 2, 128, true, -5);
}

// Decays below e^-10 a token act as e^-10.
TYPED_TEST_P(chunkwise, decays_that_leave_nothing) {
  this->check(1, 100, 2, 64, true, -30);
  this->check(1, 100, 2, 128, true, -30);
}

TYPED_TEST_P(chunkwise, grouped_keys_and_values) {
  this->check(2, 40, 6, 64, true, -0.606531, 3);
  this->check(1, 33, 4, 128, false, -0.606531, 4);
}

TYPED_TEST_P(chunkwise, same_bits_again) {
  auto in = this->random_inputs({1, 50, 2, 64}, -0.606531);
  auto v = this->template random<4>({1, 50, 2, 64});
  auto once = this->template poisoned<bf16, 4>({1, 50, 2, 64}),
       again = this->template poisoned<bf16, 4>({1, 50, 2, 64});
  const auto x = this->template views<bf16, cuda_backend, false>(
      in, 50, [](auto& each) -> auto& { return each.device; });
  for (auto* y : {&once, &again}) {
    launch_forward(this->cuda(), TypeParam::chosen,
                   typename TestFixture::forward_arguments{x, v.device, y->device, {}, {}, {}});
  }
  EXPECT_EQ(this->values_of(once.device), this->values_of(again.device));
}

REGISTER_TYPED_TEST_SUITE_P(chunkwise, every_length, long_sequences, strong_decays,
                            decays_that_leave_nothing, grouped_keys_and_values, same_bits_again);

}  // namespace chunkwise_test
}  // namespace radlads::test
