// SPDX-License-Identifier: Apache-2.0
// The scans as maps: against the references, in pieces, permuted, and with wrong shapes. Gradients
// are in scan_gradient_test.cpp.

#include "radlads/recurrence/scan.hpp"
#include "recurrence/scan_case.hpp"
#include "recurrence/scan_reference.hpp"
#include "support/error_of.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {

template <class Cell, class T>
struct of {
  using cell = Cell;
  using scalar = T;
};

template <class Of>
class scan : public testing::Test {
 public:
  cpu_backend backend{{.threads = 2, .poison = true}};

  static scan_data<typename Of::cell, typename Of::scalar> random(const scan_sizes& sizes,
                                                                  std::uint64_t seed) {
    return convert<typename Of::scalar>(make_case<typename Of::cell>(sizes, seed));
  }
};
using kinds =
    testing::Types<of<recurrence::rwkv7, float>, of<recurrence::rwkv7, double>,
                   of<recurrence::gla, float>, of<recurrence::gla, double>,
                   of<recurrence::rwkv6, float>, of<recurrence::rwkv6, double>,
                   of<recurrence::gated_deltanet, float>, of<recurrence::gated_deltanet, double>,
                   of<recurrence::kda, float>, of<recurrence::kda, double>,
                   of<recurrence::mamba2, float>, of<recurrence::mamba2, double>>;
TYPED_TEST_SUITE(scan, kinds);

/// Tokens [begin, end) of a case, with another initial state.
template <class Cell, class T>
scan_data<Cell, T> tokens(const scan_data<Cell, T>& data, std::int64_t begin, std::int64_t end,
                          const std::vector<T>& initial) {
  scan_data<Cell, T> part{data.sizes, {}, {}, initial, {}, data.dfinal};
  part.sizes.T = end - begin;
  const auto cut = [&](const std::vector<T>& from, std::vector<T>& to) {
    const std::int64_t rows = data.sizes.B * data.sizes.T;
    const auto width = static_cast<std::int64_t>(from.size()) / std::max<std::int64_t>(rows, 1);
    for (std::int64_t batch = 0; batch < data.sizes.B; ++batch) {
      const auto sequence = from.begin() + batch * data.sizes.T * width;
      to.insert(to.end(), sequence + begin * width, sequence + end * width);
    }
  };
  for (std::size_t i = 0; i < data.inputs.size(); ++i) cut(data.inputs[i], part.inputs[i]);
  cut(data.v, part.v);
  cut(data.dy, part.dy);
  return part;
}

TYPED_TEST(scan, agrees_with_the_reference_at_every_head_size) {
  using T = typename TypeParam::scalar;
  for (const std::int64_t size : {1, 4, 5, 8, 12, 16, 31, 64, 100, 128, 256}) {
    const std::int64_t values[] = {size, 2 * size + 1, size / 2 + 1};
    for (const std::int64_t V : values) {
      const auto data = make_case<typename TypeParam::cell>({1, 3, 2, size, V}, 31);
      const auto expected = run_reference(data);
      const auto found = run_forward(this->backend, convert<T>(data));
      EXPECT_LT(relative_error(found.y, expected.y), order_tolerance<T>) << size << " by " << V;
      EXPECT_LT(relative_error(found.final_state, expected.final_state), order_tolerance<T>)
          << size << " by " << V;
    }
  }
}

TYPED_TEST(scan, agrees_with_the_reference_and_the_chunkwise_form_at_every_length) {
  using T = typename TypeParam::scalar;
  for (const std::int64_t time : {0, 1, 2, 13, 15, 16, 17, 32, 47, 101}) {
    const auto data = make_case<typename TypeParam::cell>({2, time, 3, 8, 8}, 37);
    const auto found = run_forward(this->backend, convert<T>(data));
    const auto expected = run_reference(data);
    EXPECT_LT(relative_error(found.final_state, expected.final_state), order_tolerance<T>) << time;
    if (time == 0) continue;
    EXPECT_LT(relative_error(found.y, expected.y), order_tolerance<T>) << time;
    EXPECT_LT(relative_error(found.y, run_chunkwise(data).y), order_tolerance<T>) << time;
  }
}

TYPED_TEST(scan, of_no_sequences_does_nothing) {
  const auto data = this->random({0, 20, 3, 8, 8}, 41);
  EXPECT_TRUE(run_forward(this->backend, data).y.empty());
  EXPECT_TRUE(run_backward(this->backend, data).v.empty());
}

TYPED_TEST(scan, in_two_pieces_is_the_whole) {
  using T = typename TypeParam::scalar;
  using Cell = typename TypeParam::cell;
  const auto data = this->random({2, 37, 2, 8, 5}, 43);
  const auto whole = run_forward(this->backend, data);
  const auto gradients = run_backward(this->backend, data);
  for (const std::int64_t cut : {0, 1, 5, 16, 17, 36, 37}) {
    auto first = tokens(data, 0, cut, data.initial);
    const auto first_out = run_forward(this->backend, first);
    const auto second = tokens(data, cut, 37, first_out.final_state);
    const auto second_out = run_forward(this->backend, second);
    EXPECT_LT(relative_error(second_out.final_state, whole.final_state), order_tolerance<T>) << cut;
    const auto second_gradients = run_backward(this->backend, second);
    first.dfinal = second_gradients.initial;
    const auto first_gradients = run_backward(this->backend, first);
    EXPECT_LT(relative_error(first_gradients.initial, gradients.initial), order_tolerance<T>)
        << cut;
    const scan_data<Cell, T> outputs{data.sizes, {}, whole.y, {}, gradients.v, {}};
    const auto first_part = tokens(outputs, 0, cut, {});
    const auto second_part = tokens(outputs, cut, 37, {});
    if (cut > 0) {
      EXPECT_LT(relative_error(first_out.y, first_part.v), order_tolerance<T>) << cut;
      EXPECT_LT(relative_error(first_gradients.v, first_part.dy), order_tolerance<T>) << cut;
    }
    if (cut < 37) {
      EXPECT_LT(relative_error(second_out.y, second_part.v), order_tolerance<T>) << cut;
      EXPECT_LT(relative_error(second_gradients.v, second_part.dy), order_tolerance<T>) << cut;
    }
  }
}

TYPED_TEST(scan, token_by_token_is_the_whole) {
  using T = typename TypeParam::scalar;
  using Cell = typename TypeParam::cell;
  const auto data = this->random({2, 19, 3, 6, 9}, 47);
  const auto whole = run_forward(this->backend, data);
  auto state = make_tensor(this->backend, recurrence::state_shape(2, 3, 6, 9), data.initial);
  const scan_data<Cell, T> outputs{data.sizes, {}, whole.y, {}, whole.y, {}};
  for (std::int64_t t = 0; t < data.sizes.T; ++t) {
    scan_tensors<Cell, T> on(this->backend, tokens(data, t, t + 1, data.initial));
    recurrence::scan_step<Cell, T>(this->backend, on.input_views(), on.v, on.y, state);
    EXPECT_LT(relative_error(values_of(on.y), tokens(outputs, t, t + 1, {}).v), order_tolerance<T>);
  }
  EXPECT_LT(relative_error(values_of(state), whole.final_state), order_tolerance<T>);
}

TYPED_TEST(scan, gives_the_same_bits_on_any_number_of_threads) {
  for (const scan_sizes& sizes : {scan_sizes{2, 300, 11, 8, 8}, scan_sizes{1, 40, 3, 64, 72}}) {
    const auto data = this->random(sizes, 53);
    cpu_backend one({.threads = 1});
    const auto y = run_forward(one, data).y;
    const auto gradients = flatten(run_backward(one, data));
    for (const int threads : {2, 3}) {
      cpu_backend several({.threads = threads});
      EXPECT_EQ(run_forward(several, data).y, y);
      EXPECT_EQ(flatten(run_backward(several, data)), gradients);
    }
  }
}

TYPED_TEST(scan, leaves_out_what_is_empty) {
  using T = typename TypeParam::scalar;
  using Cell = typename TypeParam::cell;
  auto data = this->random({2, 20, 2, 8, 8}, 59);
  std::fill(data.initial.begin(), data.initial.end(), T(0));
  std::fill(data.dfinal.begin(), data.dfinal.end(), T(0));
  scan_tensors<Cell, T> full(this->backend, data), bare(this->backend, data);
  full.forward(this->backend);
  full.backward(this->backend);
  recurrence::scan_forward<Cell, T>(this->backend, bare.input_views(), bare.v, bare.y, {}, {}, {});
  EXPECT_EQ(values_of(bare.y), values_of(full.y));
  recurrence::scan_backward<Cell, T>(this->backend, bare.input_views(), bare.v, full.checkpoints,
                                     bare.dy, {}, bare.dinput_views(), bare.dv, {});
  EXPECT_EQ(values_of(bare.dv), values_of(full.dv));
  EXPECT_EQ(values_of(bare.dinputs[0]), values_of(full.dinputs[0]));
}

TYPED_TEST(scan, overwrites_gradients) {
  using T = typename TypeParam::scalar;
  scan_tensors<typename TypeParam::cell, T> on(this->backend, this->random({1, 20, 2, 8, 40}, 61));
  on.forward(this->backend);
  on.backward(this->backend);
  const auto dk = values_of(on.dinputs[2]), dv = values_of(on.dv), initial = values_of(on.dinitial);
  on.backward(this->backend);
  EXPECT_EQ(values_of(on.dinputs[2]), dk);
  EXPECT_EQ(values_of(on.dv), dv);
  EXPECT_EQ(values_of(on.dinitial), initial);
}

TYPED_TEST(scan, goes_over_rows_with_gaps) {
  using T = typename TypeParam::scalar;
  using Cell = typename TypeParam::cell;
  const scan_sizes sizes{2, 18, 3, 8, 8};
  const auto data = this->random(sizes, 67);
  scan_tensors<Cell, T> on(this->backend, data);
  on.forward(this->backend);
  // The same numbers in the middle of wider rows.
  tensor<T, 4, cpu_backend> wide_v(this->backend, {2, 18, 3, 24}),
      wide_y(this->backend, {2, 18, 3, 24});
  view<T, 4> v = wide_v, y = wide_y;
  v.pointer += 8;
  y.pointer += 8;
  v.extents[3] = y.extents[3] = 8;
  for (std::int64_t row = 0; row < 2 * 18 * 3; ++row) {
    std::copy(&data.v[static_cast<std::size_t>(row * 8)],
              &data.v[static_cast<std::size_t>(row * 8)] + 8, v.pointer + row * 24);
  }
  recurrence::scan_forward<Cell, T>(this->backend, on.input_views(), v, y, on.initial, {}, {});
  for (std::int64_t row = 0; row < 2 * 18 * 3; ++row) {
    for (int i = 0; i < 8; ++i) EXPECT_EQ(y.pointer[row * 24 + i], on.y.data()[row * 8 + i]);
    EXPECT_TRUE(std::isnan(y.pointer[row * 24 - 1]) && std::isnan(y.pointer[row * 24 + 8]));
  }
}

TYPED_TEST(scan, treats_heads_and_sequences_alike) {
  using T = typename TypeParam::scalar;
  const scan_sizes sizes{3, 9, 5, 8, 8};
  const auto data = this->random(sizes, 71);
  const auto expected = run_forward(this->backend, data);
  // Sequence b goes to (b + 1) % 3, head h to (h + 2) % 5.
  const auto moved = [&](const std::vector<T>& from, std::int64_t time) {
    std::vector<T> to(from.size());
    const auto width = static_cast<std::int64_t>(from.size()) / (3 * time * 5);
    for (std::int64_t b = 0; b < 3; ++b) {
      for (std::int64_t t = 0; t < time; ++t) {
        for (std::int64_t h = 0; h < 5; ++h) {
          const std::int64_t source = ((b * time + t) * 5 + h) * width;
          const std::int64_t target = (((b + 1) % 3 * time + t) * 5 + (h + 2) % 5) * width;
          std::copy(from.begin() + source, from.begin() + source + width, to.begin() + target);
        }
      }
    }
    return to;
  };
  auto permuted = data;
  for (auto& input : permuted.inputs) input = moved(input, 9);
  permuted.v = moved(data.v, 9);
  permuted.initial = moved(data.initial, 1);
  const auto found = run_forward(this->backend, permuted);
  EXPECT_EQ(found.y, moved(expected.y, 9));
  EXPECT_EQ(found.final_state, moved(expected.final_state, 1));
}

template <class Of>
class scan_without_removal_key : public scan<Of> {};
using additive_kinds =
    testing::Types<of<recurrence::rwkv7, double>, of<recurrence::gla, float>,
                   of<recurrence::rwkv6, double>, of<recurrence::mamba2, double>>;
TYPED_TEST_SUITE(scan_without_removal_key, additive_kinds);

TYPED_TEST(scan_without_removal_key, and_without_decay_is_linear_attention) {
  using T = typename TypeParam::scalar;
  using Cell = typename TypeParam::cell;
  auto data = make_case<Cell>({1, 6, 1, 4, 3}, 73);
  for (int input = 0; input < Cell::inputs; ++input) {
    const bool is_kept = input == Cell::r || input == Cell::k;
    auto& values = data.inputs[static_cast<std::size_t>(input)];
    if (is_kept) continue;
    // A bonus of one reads the token as if after its write.
    std::fill(values.begin(), values.end(),
              Cell::names[static_cast<std::size_t>(input)] == 'u' ? 1.0 : 0.0);
  }
  std::fill(data.initial.begin(), data.initial.end(), 0.0);
  std::vector<double> expected(data.v.size(), 0);  // y_t = sum over s <= t of (r_t . k_s) v_s
  for (std::size_t t = 0; t < 6; ++t) {
    for (std::size_t s = 0; s <= t; ++s) {
      double score = 0;
      for (std::size_t j = 0; j < 4; ++j) {
        score += data.inputs[Cell::r][t * 4 + j] * data.inputs[Cell::k][s * 4 + j];
      }
      for (std::size_t i = 0; i < 3; ++i) expected[t * 3 + i] += score * data.v[s * 3 + i];
    }
  }
  const auto found = run_forward(this->backend, convert<T>(data));
  EXPECT_LT(relative_error(found.y, expected), order_tolerance<T>);
}

TYPED_TEST(scan, names_what_does_not_fit) {
  using T = typename TypeParam::scalar;
  using Cell = typename TypeParam::cell;
  cpu_backend& b = this->backend;
  scan_tensors<Cell, T> on(b, this->random({2, 5, 3, 8, 4}, 79));
  const tensor<T, 4, cpu_backend> narrow(b, {2, 5, 3, 7}), late(b, {2, 6, 3, 4});
  tensor<T, 4, cpu_backend> other(b, {2, 3, 4, 8});
  auto inputs = on.input_views();
  inputs[Cell::k] = narrow;
  EXPECT_EQ(error_of([&] { recurrence::scan_forward<Cell, T>(b, inputs, on.v, on.y, {}, {}, {}); }),
            "scan_forward: k is (2, 5, 3, 7), r is (2, 5, 3, 8)");
  EXPECT_EQ(error_of([&] {
              recurrence::scan_step<Cell, T>(b, on.input_views(), late, on.y, on.initial);
            }),
            "scan_step: v is (2, 6, 3, 4), r is (2, 5, 3, 8)");
  EXPECT_EQ(
      error_of([&] { recurrence::scan_step<Cell, T>(b, on.input_views(), on.v, on.y, other); }),
      "scan_step: state is (2, 3, 4, 8), expected (2, 3, 8, 4)");
  EXPECT_EQ(error_of([&] {
              recurrence::scan_forward<Cell, T>(b, on.input_views(), on.v, on.y, other, {}, {});
            }),
            "scan_forward: initial_state is (2, 3, 4, 8), expected (2, 3, 8, 4)");
  EXPECT_EQ(error_of([&] {
              recurrence::scan_forward<Cell, T>(b, on.input_views(), on.v, on.y, {}, {}, other);
            }),
            "scan_forward: checkpoints is (2, 3, 4, 8), expected (6, 1, 8, 4)");
  EXPECT_EQ(error_of([&] {
              recurrence::scan_backward<Cell, T>(b, on.input_views(), on.v, {}, on.dy, {},
                                                 on.dinput_views(), on.dv, {});
            }),
            "scan_backward: checkpoints is (0, 0, 0, 0), expected (6, 1, 8, 4)");
  auto dinputs = on.dinput_views();
  dinputs[1] = other;
  EXPECT_EQ(
      error_of([&] {
        recurrence::scan_backward<Cell, T>(b, on.input_views(), on.v, on.checkpoints, on.dy, {},
                                           dinputs, on.dv, {});
      }),
      std::string("scan_backward: d") + Cell::names[1] + " is (2, 3, 4, 8), expected (2, 5, 3, 8)");
  scan_tensors<Cell, T> wide(b, this->random({1, 1, 1, 257, 4}, 83));
  EXPECT_EQ(error_of([&] { wide.forward(b); }),
            "scan: the key width is 257; the largest that is built is 256");
}

}  // namespace radlads::test
