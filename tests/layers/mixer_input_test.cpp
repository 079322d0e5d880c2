// SPDX-License-Identifier: Apache-2.0
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/layers/mixer_input.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace radlads::test {
namespace mixer_input_test {

using B = cpu_backend;
using layers::mixer_input;
using layers::mixer_input_gradient;

// Nobody writes x through a mixer_input; whoever holds one may write v_first.
static_assert(std::is_same_v<decltype(mixer_input<float, B>::x)::element_type, const float>);
static_assert(std::is_same_v<decltype(mixer_input<float, B>::v_first)::element_type, float>);
static_assert(std::is_trivially_copyable_v<mixer_input<float, B>>);

TEST(mixer_input, is_a_window_on_tensors_that_others_own) {
  B b({.threads = 1, .poison = true});
  tensor<float, 3, B> x(b, {2, 3, 4}), v_first(b, {2, 3, 5});
  const mixer_input<float, B> in{x, v_first};
  EXPECT_EQ(in.x.data(), x.data());
  EXPECT_EQ(in.v_first.data(), v_first.data());
  EXPECT_EQ(in.v_first.sizes(), (shape<3>{2, 3, 5}));
}

TEST(mixer_input, what_is_not_given_is_empty) {
  B b({.threads = 1});
  tensor<float, 3, B> dv_first(b, {2, 3, 5});
  EXPECT_TRUE((mixer_input<float, B>{}).v_first.empty());
  const mixer_input_gradient<float, B> unwanted{{}, dv_first};
  EXPECT_TRUE(unwanted.dx.empty());
  EXPECT_FALSE(unwanted.dv_first.empty());
}

}  // namespace mixer_input_test
}  // namespace radlads::test
