// SPDX-License-Identifier: Apache-2.0
// The layout of the state, element by element, and the shapes that go with it.

#include "radlads/recurrence/state.hpp"
#include "recurrence/scan_case.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace radlads::test {

TEST(state, shapes_are_as_documented) {
  EXPECT_EQ(recurrence::state_shape(2, 3, 4, 5), (shape<4>{2, 3, 4, 5}));
  EXPECT_EQ(recurrence::checkpoint_count(0), 0);
  EXPECT_EQ(recurrence::checkpoint_count(1), 1);
  EXPECT_EQ(recurrence::checkpoint_count(recurrence::checkpoint_interval), 1);
  EXPECT_EQ(recurrence::checkpoint_count(recurrence::checkpoint_interval + 1), 2);
  EXPECT_EQ(recurrence::checkpoint_shape(2, 2 * recurrence::checkpoint_interval, 3, 4, 5),
            (shape<4>{6, 2, 4, 5}));
}

// One token from a zero state with k = 1 at key j and v = value at channel i leaves value at (b, h,
// j, i).
TEST(state, element_is_at_batch_head_key_value) {
  cpu_backend backend({.threads = 2, .poison = true});
  const scan_sizes sizes{2, 1, 3, 5, 4};
  scan_data<recurrence::gla, double> data{sizes, {}, {}, {}, {}, {}};
  for (auto& input : data.inputs)
    input.assign(static_cast<std::size_t>(sizes.tokens() * sizes.K), 0);
  data.v.assign(static_cast<std::size_t>(sizes.values()), 0);
  data.dy = data.v;
  data.initial.assign(static_cast<std::size_t>(sizes.states()), 0);
  data.dfinal = data.initial;
  for (std::int64_t b = 0; b < 2; ++b) {
    for (std::int64_t h = 0; h < 3; ++h) {
      const std::int64_t j = (b + 2 * h) % 5, i = (2 * b + h) % 4;
      data.inputs[recurrence::gla::k][static_cast<std::size_t>((b * 3 + h) * 5 + j)] = 1;
      data.v[static_cast<std::size_t>((b * 3 + h) * 4 + i)] = static_cast<double>(10 * b + h + 1);
    }
  }
  const auto found = run_forward(backend, data).final_state;
  for (std::int64_t b = 0; b < 2; ++b) {
    for (std::int64_t h = 0; h < 3; ++h) {
      for (std::int64_t j = 0; j < 5; ++j) {
        for (std::int64_t i = 0; i < 4; ++i) {
          const bool is_written = j == (b + 2 * h) % 5 && i == (2 * b + h) % 4;
          EXPECT_EQ(found[static_cast<std::size_t>(((b * 3 + h) * 5 + j) * 4 + i)],
                    is_written ? static_cast<double>(10 * b + h + 1) : 0.0);
        }
      }
    }
  }
}

// Checkpoint s of head (b, h) is the state before token s * checkpoint_interval.
TEST(state, checkpoints_are_the_states_before_segments) {
  cpu_backend backend({.threads = 2, .poison = true});
  const std::int64_t time = 2 * recurrence::checkpoint_interval + 3;
  scan_tensors<recurrence::gla, double> on(backend,
                                           make_case<recurrence::gla>({2, time, 3, 4, 5}, 5));
  on.forward(backend);
  const view<double, 4> kept = on.checkpoints;
  for (std::int64_t segment = 0; segment < 3; ++segment) {
    tensor<double, 4, cpu_backend> state(backend, {2, 3, 4, 5}), y(backend, {2, time, 3, 5});
    auto inputs = on.input_views();
    view<const double, 4> v = on.v;
    view<double, 4> out = y;
    for (auto& input : inputs) input.extents[1] = segment * recurrence::checkpoint_interval;
    v.extents[1] = out.extents[1] = segment * recurrence::checkpoint_interval;
    recurrence::scan_forward<recurrence::gla, double>(backend, inputs, v, out, on.initial, state,
                                                      {});
    for (std::int64_t head = 0; head < 6; ++head) {
      for (std::int64_t i = 0; i < 20; ++i) {
        EXPECT_EQ(kept.row(head, segment, 0)[i], state.data()[head * 20 + i]);
      }
    }
  }
}

}  // namespace radlads::test
