// SPDX-License-Identifier: Apache-2.0
// The cell of Kimi Delta Attention: Gated DeltaNet where all keys decay alike, and what the delta
// rule is for where they do not. It has no published vectors.

#include "radlads/recurrence/gated_deltanet.hpp"
#include "radlads/recurrence/kda.hpp"
#include "recurrence/scan_case.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <vector>

namespace radlads::test {

TEST(kda, with_one_decay_for_all_keys_is_gated_deltanet) {
  using cell = recurrence::kda;
  using scalar_cell = recurrence::gated_deltanet;
  const scan_sizes sizes{2, 37, 3, 8, 5};
  const auto scalar = make_case<scalar_cell>(sizes, 3);
  scan_data<cell, double> data{sizes, {}, scalar.v, scalar.initial, scalar.dy, scalar.dfinal};
  data.inputs[cell::r] = scalar.inputs[scalar_cell::r];
  data.inputs[cell::k] = scalar.inputs[scalar_cell::k];
  data.inputs[cell::b] = scalar.inputs[scalar_cell::b];
  for (const double g : scalar.inputs[scalar_cell::g])
    data.inputs[cell::w].insert(data.inputs[cell::w].end(), 8, g);
  cpu_backend backend({.threads = 1, .poison = true});
  const auto out = run_forward(backend, data), expected = run_forward(backend, scalar);
  EXPECT_LT(relative_error(out.y, expected.y), order_tolerance<double>);
  EXPECT_LT(relative_error(out.final_state, expected.final_state), order_tolerance<double>);
  const auto found = run_backward(backend, data);
  const auto gradients = run_backward(backend, scalar);
  std::vector<double> dg;
  for (std::size_t i = 0; i < found.inputs[cell::w].size(); ++i) {
    if (i % 8 == 0) dg.push_back(0);
    dg.back() += found.inputs[cell::w][i];
  }
  EXPECT_LT(relative_error(dg, gradients.inputs[scalar_cell::g]), gradient_tolerance);
  EXPECT_LT(relative_error(found.inputs[cell::b], gradients.inputs[scalar_cell::b]),
            gradient_tolerance);
}

TEST(kda, a_key_written_twice_answers_with_the_last_value_whatever_decayed) {
  using cell = recurrence::kda;
  scan_data<cell, double> data{{1, 2, 1, 4, 3}, {}, {}, {}, {}, {}};
  const std::vector<double> key{0.5, -0.5, 0.5, 0.5};
  for (int t = 0; t < 2; ++t) {
    data.inputs[cell::r].insert(data.inputs[cell::r].end(), key.begin(), key.end());
    data.inputs[cell::k].insert(data.inputs[cell::k].end(), key.begin(), key.end());
  }
  data.inputs[cell::w] = {0, 0, 0, 0, -1, 0, std::log(0.5), -30};
  data.inputs[cell::b] = {1, 1};
  data.v = {1, 2, 3, -4, 5, 0.25};
  data.initial.assign(12, 0);
  cpu_backend backend({.threads = 1, .poison = true});
  const auto found = run_forward(backend, data).y;
  EXPECT_LT(relative_error(found, data.v), order_tolerance<double>);
}

}  // namespace radlads::test
