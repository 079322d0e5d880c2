// SPDX-License-Identifier: Apache-2.0
#pragma once
// The scan on CUDA, both directions, against the scan on the CPU in double: a fixture and its
// tests, for one cell a source, since each takes nvcc a minute.
#include "radlads/recurrence/cuda/recurrence.cuh"
#include "support/cuda_case.cuh"

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
/// One cell on one scalar.
template <class Cell, class T>
struct subject {
  using cell = Cell;
  using scalar = T;
};

template <class Subject>
class cuda_scan : public cuda_case<typename Subject::scalar> {
 protected:
  using cell = typename Subject::cell;
  using T = typename Subject::scalar;
  using A = accumulate_t<T>;
  using inputs = std::array<tensor_pair<T, 4>, cell::inputs>;

  /// Inputs as RAD-RWKV7 makes them: decays above 0.55, rates below one, keys and removals of about
  /// length one.
  inputs random_inputs(const shape<4>& s) {
    inputs result;
    for (std::size_t i = 0; i < result.size(); ++i) {
      const int input = static_cast<int>(i);
      const shape<4> own = recurrence::input_shape<cell>(i, s);
      std::vector<double> values = random_values(own[0] * own[1] * own[2] * own[3],
                                                 100 + i + static_cast<std::uint64_t>(s[1]));
      for (double& each : values) {
        if (input == cell::decay || input >= recurrence::vector_inputs<cell>()) {
          each = (input == cell::decay ? -0.6 : 1) / (1 + std::exp(each));
        } else {
          each /= std::sqrt(static_cast<double>(s[3]));
        }
      }
      result[i] = this->template of<T, 4>(own, values);
    }
    return result;
  }

  template <class S, class B>
  static auto views(inputs& from, auto on) {
    std::array<view_on<const S, 4, B>, cell::inputs> result;
    for (std::size_t i = 0; i < from.size(); ++i) result[i] = on(from[i]).read();
    return result;
  }
  template <class S, class B>
  static auto writable(inputs& from, auto on) {
    std::array<view_on<S, 4, B>, cell::inputs> result;
    for (std::size_t i = 0; i < from.size(); ++i) result[i] = on(from[i]).whole();
    return result;
  }
  inputs poisoned_inputs(const shape<4>& s) {
    inputs result;
    for (std::size_t i = 0; i < result.size(); ++i) {
      result[i] = this->template poisoned<T, 4>(recurrence::input_shape<cell>(i, s));
    }
    return result;
  }

  void check(std::int64_t B, std::int64_t tokens, std::int64_t H, std::int64_t K, std::int64_t V,
             bool has_states) {
    const std::string name = to_string<4>({B, tokens, H, K}) + " V " + std::to_string(V);
    inputs in = random_inputs({B, tokens, H, K});
    inputs din = poisoned_inputs({B, tokens, H, K});
    auto v = this->template random<4>({B, tokens, H, V}),
         dy = this->template random<4>({B, tokens, H, V});
    auto y = this->template poisoned<T, 4>({B, tokens, H, V}),
         dv = this->template poisoned<T, 4>({B, tokens, H, V});
    const shape<4> state = has_states ? recurrence::state_shape(B, H, K, V) : shape<4>{0, 0, 0, 0};
    const std::int64_t size = state[0] * state[1] * state[2] * state[3];
    auto first = this->template of<A, 4>(state, random_values(size, 7, 0.3));
    auto dlast = this->template of<A, 4>(state, random_values(size, 8));
    auto last = this->template poisoned<A, 4>(state), dfirst = this->template poisoned<A, 4>(state);
    auto checkpoints =
        this->template poisoned<A, 4>(recurrence::checkpoint_shape(B, tokens, H, K, V));
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      using backend_type = std::remove_cvref_t<decltype(b)>;
      const auto x = views<S, backend_type>(in, on);
      recurrence::scan_forward<cell, S>(b, x, on(v), on(y), on(first), on(last), on(checkpoints));
      recurrence::scan_backward<cell, S>(b, x, on(v), on(checkpoints), on(dy), on(dlast),
                                         writable<S, backend_type>(din, on), on(dv), on(dfirst));
    });
    this->expect_close(y, "y of " + name);
    this->expect_close(dv, "dv of " + name);
    for (std::size_t i = 0; i < din.size(); ++i) {
      this->expect_close(din[i], std::string("d") + cell::names[i] + " of " + name);
    }
    if (!has_states) return;
    this->expect_close(last, "final state of " + name);
    this->expect_close(dfirst, "gradient of the initial state of " + name);
  }
};

TYPED_TEST_SUITE_P(cuda_scan);

TYPED_TEST_P(cuda_scan, every_length) {
  for (const std::int64_t tokens : {1, 5, 16, 17, 40}) {
    this->check(2, tokens, 3, 8, 8, true);
    this->check(1, tokens, 2, 64, 64, false);
  }
}

TYPED_TEST_P(cuda_scan, every_head_size) {
  for (const std::int64_t K : {4, 12, 16, 24, 32, 128}) this->check(1, 21, 2, K, K, true);
  this->check(1, 21, 2, 8, 40, true);
  this->check(1, 21, 2, 40, 8, true);
}

TYPED_TEST_P(cuda_scan, a_split_sequence_is_the_whole_one) {
  using T = typename TypeParam::scalar;
  using A = accumulate_t<T>;
  using cell = typename TypeParam::cell;
  constexpr std::int64_t B = 1, tokens = 23, H = 2, K = 16;
  auto in = this->random_inputs({B, tokens, H, K});
  auto v = this->template random<4>({B, tokens, H, K});
  auto whole = this->template poisoned<T, 4>({B, tokens, H, K}),
       parts = this->template poisoned<T, 4>({B, tokens, H, K});
  tensor<A, 4, cuda_backend> carried(this->cuda(), recurrence::state_shape(B, H, K, K));
  set_zero<A, 4, cuda_backend>(this->cuda(), carried);
  const auto on = [](auto& each) -> auto& { return each.device; };
  const auto x = this->template views<T, cuda_backend>(in, on);
  recurrence::scan_forward<cell, T>(this->cuda(), x, v.device, whole.device, {}, {}, {});
  const auto part_of = [](auto part, std::int64_t first, std::int64_t count) {
    part.pointer += first * part.stride(1);
    part.extents[1] = count;
    return part;
  };
  std::int64_t first = 0;
  for (const std::int64_t count : {7, 1, 1, 14}) {
    auto part = x;
    for (auto& each : part) each = part_of(each, first, count);
    recurrence::scan_step<cell, T>(this->cuda(), part, part_of(v.device.read(), first, count),
                                   part_of(parts.device.whole(), first, count), carried);
    first += count;
  }
  // A single token is summed in another order.
  EXPECT_LE(relative_error(this->values_of(parts.device), this->values_of(whole.device)),
            cuda_tolerance<T>);
}

TYPED_TEST_P(cuda_scan, one_token) {
  using T = typename TypeParam::scalar;
  using A = accumulate_t<T>;
  using cell = typename TypeParam::cell;
  for (const shape<4>& s : {shape<4>{2, 3, 4, 4}, shape<4>{1, 2, 5, 40}, shape<4>{3, 1, 64, 64},
                            shape<4>{1, 2, 128, 128}}) {
    const auto [B, H, K, V] = s;
    auto in = this->random_inputs({B, 1, H, K});
    auto v = this->template random<4>({B, 1, H, V});
    auto y = this->template poisoned<T, 4>({B, 1, H, V}),
         from_zero = this->template poisoned<T, 4>({B, 1, H, V});
    auto state = this->template of<A, 4>(recurrence::state_shape(B, H, K, V),
                                         random_values(B * H * K * V, 9));
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      const auto x = this->template views<S, std::remove_cvref_t<decltype(b)>>(in, on);
      recurrence::scan_forward<cell, S>(b, x, on(v), on(from_zero), {}, {}, {});
      recurrence::scan_step<cell, S>(b, x, on(v), on(y), on(state));
    });
    this->expect_close(from_zero, "y from an empty state of " + to_string<4>(s));
    this->expect_close(y, "y of " + to_string<4>(s));
    this->expect_close(state, "state of " + to_string<4>(s));
  }
}

TYPED_TEST_P(cuda_scan, gradient_of_a_shared_input) {
  using T = typename TypeParam::scalar;
  using A = accumulate_t<T>;
  using cell = typename TypeParam::cell;
  constexpr std::int64_t B = 2, tokens = 35, H = 3, K = 16, V = 24;
  auto in = this->random_inputs({B, tokens, H, K});
  auto din = this->poisoned_inputs({B, tokens, H, K});
  auto v = this->template random<4>({B, tokens, H, V}),
       dy = this->template random<4>({B, tokens, H, V});
  auto y = this->template poisoned<T, 4>({B, tokens, H, V}),
       dv = this->template poisoned<T, 4>({B, tokens, H, V});
  auto checkpoints =
      this->template poisoned<A, 4>(recurrence::checkpoint_shape(B, tokens, H, K, V));
  // The first token's decay serves all of its sequence; the sum of its gradients stands where it
  // stands.
  constexpr auto shared = static_cast<std::size_t>(cell::decay);
  this->on_both([&](auto& b, auto tag, auto on) {
    using S = decltype(tag);
    using backend_type = std::remove_cvref_t<decltype(b)>;
    auto x = this->template views<S, backend_type>(in, on);
    auto dx = this->template writable<S, backend_type>(din, on);
    set_zero<S, 4, backend_type>(b, dx[shared]);
    x[shared].strides[1] = dx[shared].strides[1] = 0;
    recurrence::scan_forward<cell, S>(b, x, on(v), on(y), {}, {}, on(checkpoints));
    recurrence::scan_backward<cell, S>(b, x, on(v), on(checkpoints), on(dy), {}, dx, on(dv), {});
  });
  for (std::size_t i = 0; i < din.size(); ++i)
    this->expect_close(din[i], std::string("d") + cell::names[i]);
}

TYPED_TEST_P(cuda_scan, grouped_keys_and_values) {
  using T = typename TypeParam::scalar;
  using A = accumulate_t<T>;
  using cell = typename TypeParam::cell;
  constexpr std::int64_t B = 2, H = 6, K = 16, V = 24, group = 3;
  for (const std::int64_t tokens : {std::int64_t{1}, std::int64_t{21}}) {
    auto in = this->random_inputs({B, tokens, H, K});
    auto din = this->poisoned_inputs({B, tokens, H, K});
    auto v = this->template random<4>({B, tokens, H / group, V}),
         dy = this->template random<4>({B, tokens, H, V});
    auto y = this->template poisoned<T, 4>({B, tokens, H, V}),
         dv = this->template poisoned<T, 4>({B, tokens, H, V}),
         step = this->template poisoned<T, 4>({B, tokens, H, V});
    auto checkpoints =
        this->template poisoned<A, 4>(recurrence::checkpoint_shape(B, tokens, H, K, V));
    auto state = this->template of<A, 4>(recurrence::state_shape(B, H, K, V),
                                         random_values(B * H * K * V, 9));
    // The first heads of the last vector serve.
    constexpr auto shared = static_cast<std::size_t>(recurrence::vector_inputs<cell>() - 1);
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      using backend_type = std::remove_cvref_t<decltype(b)>;
      auto x = this->template views<S, backend_type>(in, on);
      x[shared].extents[2] /= group;
      recurrence::scan_forward<cell, S>(b, x, on(v), on(y), {}, {}, on(checkpoints));
      recurrence::scan_backward<cell, S>(b, x, on(v), on(checkpoints), on(dy), {},
                                         this->template writable<S, backend_type>(din, on), on(dv),
                                         {});
      recurrence::scan_step<cell, S>(b, x, on(v), on(step), on(state));
    });
    this->expect_close(y, "y");
    this->expect_close(step, "y of a carried state");
    this->expect_close(dv, "dv");
    for (std::size_t i = 0; i < din.size(); ++i)
      this->expect_close(din[i], std::string("d") + cell::names[i]);
  }
}

TYPED_TEST_P(cuda_scan, empty_batch) { this->check(0, 5, 2, 8, 8, true); }

REGISTER_TYPED_TEST_SUITE_P(cuda_scan, every_length, every_head_size,
                            a_split_sequence_is_the_whole_one, one_token,
                            gradient_of_a_shared_input, grouped_keys_and_values, empty_batch);

}  // namespace radlads::test
