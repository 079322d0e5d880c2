// SPDX-License-Identifier: Apache-2.0
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/layers/residual.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace radlads::test {
namespace residual_test {

using B = cpu_backend;
using layers::residual;
using layers::residual_gradient;

// Nobody writes x through a residual; whoever holds one may write v_first.
static_assert(std::is_same_v<decltype(residual<float, B>::x)::element_type, const float>);
static_assert(std::is_same_v<decltype(residual<float, B>::v_first)::element_type, float>);
static_assert(std::is_trivially_copyable_v<residual<float, B>>);

TEST(residual, is_a_window_on_tensors_that_others_own) {
  B b({.threads = 1, .poison = true});
  tensor<float, 3, B> x(b, {2, 3, 4}), v_first(b, {2, 3, 5});
  const residual<float, B> in{x, v_first};
  EXPECT_EQ(in.x.data(), x.data());
  EXPECT_EQ(in.v_first.data(), v_first.data());
  EXPECT_EQ(in.v_first.sizes(), (shape<3>{2, 3, 5}));
}

TEST(residual, what_is_not_given_is_empty) {
  B b({.threads = 1});
  tensor<float, 3, B> dv_first(b, {2, 3, 5});
  EXPECT_TRUE((residual<float, B>{}).v_first.empty());
  const residual_gradient<float, B> unwanted{{}, dv_first};
  EXPECT_TRUE(unwanted.dx.empty());
  EXPECT_FALSE(unwanted.dv_first.empty());
}

}  // namespace residual_test
}  // namespace radlads::test
