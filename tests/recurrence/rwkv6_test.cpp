// SPDX-License-Identifier: Apache-2.0
// The cell of RWKV-6: the read before the write, and the bonus that all tokens and sequences share.

#include "radlads/recurrence/rwkv6.hpp"
#include "recurrence/scan_case.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace radlads::test {

TEST(rwkv6, a_token_is_read_by_its_bonus_and_remembered_without) {
  using cell = recurrence::rwkv6;
  scan_data<cell, double> data{{1, 2, 1, 2, 1}, {}, {}, {}, {}, {}};
  data.inputs[cell::r] = {1, 2, 3, -1};
  data.inputs[cell::w] = {-5, -5, 0, 0};
  data.inputs[cell::k] = {0.5, 4, 1, 2};
  data.inputs[cell::u] = {2, 0.25, 10, 100};
  data.v = {3, 0.5};
  data.initial = {0, 0};
  cpu_backend backend({.threads = 1, .poison = true});
  const auto out = run_forward(backend, data);
  // 3 (1 2 0.5 + 2 0.25 4), then (1.5 3 - 12 1) + 0.5 (3 10 1 - 1 100 2)
  EXPECT_EQ(out.y, (std::vector<double>{9, -7.5 - 85}));
  EXPECT_EQ(out.final_state, (std::vector<double>{1.5 + 0.5, 12 + 1}));
}

TEST(rwkv6, one_row_of_bonus_serves_all_tokens_and_sequences) {
  using cell = recurrence::rwkv6;
  const scan_sizes sizes{2, 21, 3, 8, 8};
  auto data = make_case<cell>(sizes, 5);
  const std::size_t row = static_cast<std::size_t>(sizes.H * sizes.K);
  for (std::size_t i = 0; i < data.inputs[cell::u].size(); ++i) {
    data.inputs[cell::u][i] = data.inputs[cell::u][i % row];
  }
  cpu_backend backend({.threads = 2, .poison = true});
  const auto expected = run_backward(backend, data);
  scan_tensors<cell, double> on(backend, data);
  auto inputs = on.input_views();
  auto dinputs = on.dinput_views();
  inputs[cell::u].strides[0] = inputs[cell::u].strides[1] = dinputs[cell::u].strides[1] = 0;
  recurrence::scan_forward<cell, double>(backend, inputs, on.v, on.y, on.initial, on.final_state,
                                         on.checkpoints);
  recurrence::scan_backward<cell, double>(backend, inputs, on.v, on.checkpoints, on.dy, on.dfinal,
                                          dinputs, on.dv, on.dinitial);
  std::vector<double> sums(row, 0), found(row, 0);
  for (std::size_t i = 0; i < data.inputs[cell::u].size(); ++i)
    sums[i % row] += expected.inputs[cell::u][i];
  for (std::size_t b = 0; b < 2; ++b) {
    for (std::size_t i = 0; i < row; ++i) found[i] += on.dinputs[cell::u].data()[b * 21 * row + i];
  }
  EXPECT_LT(relative_error(found, sums), gradient_tolerance);
  EXPECT_EQ(values_of(on.dinputs[cell::k]), expected.inputs[cell::k]);
}

}  // namespace radlads::test
