// SPDX-License-Identifier: Apache-2.0
#include "layers/mixer_case.hpp"
#include "radlads/layers/recurrent_state.hpp"
#include "radlads/recurrence/gla.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <vector>

namespace radlads::test {
namespace recurrent_state_test {

using B = cpu_backend;
using layers::recurrent_state;
using recurrence::gla;

struct recurrent_state_test : testing::Test {
  B b{cpu_options{.threads = 2, .poison = true}};
};

TEST_F(recurrent_state_test, resets_to_zero_and_forgets_its_position) {
  auto c = small_mixer(3, 1, 4, 10);
  recurrent_state<float, B> state;
  state.position.first = 7;
  state.reset(b, c, 2);
  EXPECT_EQ(state.position.first, 0);
  EXPECT_EQ(state.matrix.sizes(), (shape<4>{2, 3, 4, 4}));
  EXPECT_EQ(values_of(state.matrix), std::vector<float>(96, 0));
  EXPECT_TRUE(state.last.empty());
  EXPECT_EQ(state.bytes(), 96 * 4);

  c.token_shift = true;
  state.reset(b, c, 2);
  EXPECT_EQ(values_of(state.last), std::vector<float>(20, 0));
  EXPECT_EQ(state.bytes(), 96 * 4 + 20 * 4);
}

TEST_F(recurrent_state_test, keeps_narrow_types_in_float) {
  recurrent_state<bf16, B> state;
  auto c = small_mixer(1, 1, 4, 10);
  c.token_shift = true;
  state.reset(b, c, 1);
  EXPECT_EQ(state.bytes(), 16 * 4 + 10 * 2);
}

struct tokens_of_gla {
  tensor<double, 4, B> r, w, k, v;

  tokens_of_gla(B& b, std::int64_t tokens, std::int64_t first = 0) {
    const shape<4> sizes{2, tokens, 1, 4};
    const auto part = [&](std::uint64_t seed) {
      std::vector<double> values;
      for (std::int64_t row = 0; row < 2; ++row) {
        const auto all = random_values(2 * 40 * 4, seed);
        const auto begin = all.begin() + (row * 40 + first) * 4;
        values.insert(values.end(), begin, begin + tokens * 4);
      }
      return filled<double, 4>(b, sizes, values);
    };
    r = part(1);
    w = part(2);
    for (std::int64_t i = 0; i < w.size(); ++i) w.data()[i] = -w.data()[i] * w.data()[i];
    k = part(3);
    v = part(4);
  }
  std::array<view<const double, 4>, gla::inputs> inputs() const {
    return {r.read(), w.read(), k.read()};
  }
};

TEST_F(recurrent_state_test, only_training_writes_checkpoints) {
  const tokens_of_gla all(b, 40);
  tensor<double, 4, B> trained(b, all.v.sizes()), plain(b, all.v.sizes()), checkpoints;
  layers::run_recurrence<gla, double, B>(b, all.inputs(), all.v, plain, nullptr, false,
                                         checkpoints);
  EXPECT_TRUE(checkpoints.empty());
  layers::run_recurrence<gla, double, B>(b, all.inputs(), all.v, trained, nullptr, true,
                                         checkpoints);
  EXPECT_EQ(checkpoints.sizes(), (shape<4>{2, 3, 4, 4}));
  EXPECT_EQ(values_of(trained), values_of(plain));
}

TEST_F(recurrent_state_test, a_carried_state_continues_where_it_stopped) {
  const tokens_of_gla all(b, 40), head(b, 29), tail(b, 11, 29);
  tensor<double, 4, B> whole(b, all.v.sizes()), first(b, head.v.sizes()), second(b, tail.v.sizes());
  tensor<double, 4, B> unused;
  layers::run_recurrence<gla, double, B>(b, all.inputs(), all.v, whole, nullptr, false, unused);
  recurrent_state<double, B> state;
  state.reset(b, small_mixer(1, 1, 4), 2);
  layers::run_recurrence<gla, double, B>(b, head.inputs(), head.v, first, &state, false, unused);
  EXPECT_EQ(state.position.first, 29);
  layers::run_recurrence<gla, double, B>(b, tail.inputs(), tail.v, second, &state, false, unused);
  EXPECT_EQ(state.position.first, 40);
  for (std::int64_t row = 0; row < 2; ++row) {
    const double* const expected = whole.read().row(row, 29, 0);
    const double* const found = second.read().row(row, 0, 0);
    EXPECT_LT(relative_error(std::vector<double>(found, found + 44),
                             std::vector<double>(expected, expected + 44)),
              order_tolerance<double>);
  }
}

}  // namespace recurrent_state_test
}  // namespace radlads::test
