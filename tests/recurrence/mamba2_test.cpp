// SPDX-License-Identifier: Apache-2.0
// The cell of Mamba-2: gated linear attention where all keys decay alike, and RetNet, whose decays
// are one number a head.

#include "radlads/recurrence/gla.hpp"
#include "radlads/recurrence/mamba2.hpp"
#include "recurrence/scan_case.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace radlads::test {

TEST(mamba2, is_gated_linear_attention_with_one_decay_for_all_keys) {
  using cell = recurrence::mamba2;
  const scan_sizes sizes{2, 37, 3, 8, 5};
  const auto scalar = make_case<cell>(sizes, 3);
  scan_data<recurrence::gla, double> data{sizes,          {},        scalar.v,
                                          scalar.initial, scalar.dy, scalar.dfinal};
  data.inputs[recurrence::gla::r] = scalar.inputs[cell::r];
  data.inputs[recurrence::gla::k] = scalar.inputs[cell::k];
  for (const double g : scalar.inputs[cell::g])
    data.inputs[recurrence::gla::w].insert(data.inputs[recurrence::gla::w].end(), 8, g);
  cpu_backend backend({.threads = 1, .poison = true});
  const auto out = run_forward(backend, scalar), expected = run_forward(backend, data);
  EXPECT_LT(relative_error(out.y, expected.y), order_tolerance<double>);
  EXPECT_LT(relative_error(out.final_state, expected.final_state), order_tolerance<double>);
}

TEST(mamba2, with_a_decay_for_each_head_is_retnet) {
  using cell = recurrence::mamba2;
  constexpr std::int64_t T = 20, H = 3, K = 4;
  auto data = make_case<cell>({1, T, H, K, K}, 5);
  data.initial.assign(data.initial.size(), 0);
  cpu_backend backend({.threads = 1, .poison = true});
  scan_tensors<cell, double> on(backend, data);
  // One row for all tokens.
  tensor<double, 4, cpu_backend> decays(backend, {1, 1, H, 1});
  for (std::int64_t h = 0; h < H; ++h)
    decays.data()[h] = std::log(1 - std::pow(2.0, -5.0 - static_cast<double>(h)));
  auto inputs = on.input_views();
  inputs[cell::g] = decays;
  inputs[cell::g].extents[1] = T;
  inputs[cell::g].strides[1] = 0;
  recurrence::scan_forward<cell, double>(backend, inputs, on.v, on.y, on.initial, {}, {});
  // Retention by its parallel form: scores times gamma^(t - s), no state.
  std::vector<double> expected(data.v.size(), 0);
  const auto row = [](std::int64_t t, std::int64_t h) {
    return static_cast<std::size_t>((t * H + h) * K);
  };
  for (std::int64_t h = 0; h < H; ++h) {
    const double gamma = 1 - std::pow(2.0, -5.0 - static_cast<double>(h));
    for (std::int64_t t = 0; t < T; ++t) {
      for (std::int64_t s = 0; s <= t; ++s) {
        double score = std::pow(gamma, static_cast<double>(t - s)), product = 0;
        for (std::size_t j = 0; j < K; ++j)
          product += data.inputs[cell::r][row(t, h) + j] * data.inputs[cell::k][row(s, h) + j];
        score *= product;
        for (std::size_t i = 0; i < K; ++i)
          expected[row(t, h) + i] += score * data.v[row(s, h) + i];
      }
    }
  }
  EXPECT_LT(relative_error(values_of(on.y), expected), order_tolerance<double>);
}

}  // namespace radlads::test
