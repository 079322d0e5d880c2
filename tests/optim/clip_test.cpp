// SPDX-License-Identifier: Apache-2.0
// Global norm and clipping factor on numbers whose norm is known.

#include "radlads/core/parameters.hpp"
#include "radlads/cpu.hpp"
#include "radlads/optim/clip.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace clip_test {

using namespace radlads;

struct two_tensors {
  tensor<float, 2, cpu_backend> a;
  tensor<float, 1, cpu_backend> b;
  template <class F, class... P>
  static void for_each(F&& f, P&... p) {
    visit(f, "a", p.a...);
    visit(f, "b", p.b...);
  }
};

two_tensors gradients_with_norm_13(cpu_backend& backend) {
  two_tensors g;
  g.a.resize(backend, {1, 2});
  g.b.resize(backend, {1});
  g.a.data()[0] = 3;
  g.a.data()[1] = -4;
  g.b.data()[0] = 12;
  return g;
}

TEST(clip, scales_to_the_bound_and_leaves_the_gradient_alone) {
  cpu_backend backend({.threads = 2, .poison = true});
  const two_tensors g = gradients_with_norm_13(backend);
  const optim::gradient_norm found = optim::clip(backend, g, 6.5);
  EXPECT_DOUBLE_EQ(found.norm, 13);
  EXPECT_DOUBLE_EQ(found.factor, 6.5 / 13.000001);
  EXPECT_EQ(g.b.data()[0], 12.0f);
}

TEST(clip, never_enlarges_and_can_be_off) {
  cpu_backend backend({.threads = 2, .poison = true});
  const two_tensors g = gradients_with_norm_13(backend);
  EXPECT_EQ(optim::clip(backend, g, 20).factor, 1);
  EXPECT_EQ(optim::clip(backend, g, 0).factor, 1);
  EXPECT_DOUBLE_EQ(optim::clip(backend, g, 0).norm, 13);
}

TEST(clip, counts_only_the_names_asked_for) {
  cpu_backend backend({.threads = 2, .poison = true});
  const two_tensors g = gradients_with_norm_13(backend);
  const auto is_a = [](const std::string& name) { return name == "a"; };
  EXPECT_DOUBLE_EQ(optim::clip(backend, g, 1, is_a).norm, 5);
}

TEST(clip, names_a_gradient_that_is_not_finite) {
  cpu_backend backend({.threads = 2, .poison = true});
  two_tensors g = gradients_with_norm_13(backend);
  for (const float bad : {std::numeric_limits<float>::infinity(), std::nanf("")}) {
    g.b.data()[0] = bad;
    try {
      optim::clip(backend, g, 1);
      FAIL() << "nothing was thrown";
    } catch (const error& e) {
      EXPECT_STREQ(e.what(), "clip: the gradient of b is not finite");
    }
  }
}

}  // namespace clip_test
