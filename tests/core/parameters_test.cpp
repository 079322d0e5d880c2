// SPDX-License-Identifier: Apache-2.0
// for_each over parameters: absent tensors, counts, and what is done to all of them.

#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/parameters.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace parameters_test {

using namespace radlads;

struct weights {
  tensor<float, 2, cpu_backend> matrix;
  tensor<float, 1, cpu_backend> bias;

  template <class F, class... P>
  static void for_each(F&& f, P&... p) {
    visit(f, "matrix", p.matrix...);
    visit(f, "bias", p.bias...);
  }
};
static_assert(parameter_set<weights>);
static_assert(!parameter_set<int>);

weights made(cpu_backend& backend, bool has_bias) {
  weights w;
  w.matrix.resize(backend, {2, 3});
  if (has_bias) w.bias.resize(backend, {3});
  float next = 1;
  weights::for_each(
      [&](const std::string&, auto& each) {
        for (std::int64_t i = 0; i < each.size(); ++i) each.data()[i] = next++;
      },
      w);
  return w;
}

TEST(parameters, for_each_names_what_is_there) {
  cpu_backend backend({.threads = 1});
  std::vector<std::string> names;
  const auto collect = [&](const std::string& name, const auto&...) { names.push_back(name); };
  const weights with = made(backend, true), without = made(backend, false);
  weights::for_each(collect, with);
  weights::for_each(collect, without, with);
  EXPECT_EQ(names, (std::vector<std::string>{"matrix", "bias", "matrix"}));
  EXPECT_EQ(parameter_count(with), 9);
  EXPECT_EQ(parameter_count(without), 6);
}

TEST(parameters, gradients_take_shapes_and_start_at_zero) {
  cpu_backend backend({.threads = 1, .poison = true});
  const weights w = made(backend, true);
  weights g;
  allocate_like(backend, w, g);
  EXPECT_EQ(g.matrix.sizes(), w.matrix.sizes());
  EXPECT_EQ(g.bias.sizes(), w.bias.sizes());
  for (int i = 0; i < 6; ++i) EXPECT_EQ(g.matrix.data()[i], 0.0f);
  copy_all(backend, w, g);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(g.matrix.data()[i], static_cast<float>(i + 1));
  EXPECT_EQ(g.bias.data()[2], 9.0f);
  set_zero_all(backend, g);
  EXPECT_EQ(g.bias.data()[2], 0.0f);
  EXPECT_EQ(w.bias.data()[2], 9.0f);
}

TEST(parameters, copy_refuses_other_shapes) {
  cpu_backend backend({.threads = 1});
  const weights w = made(backend, true);
  weights other = made(backend, false);
  try {
    copy_all(backend, w, other);
    FAIL() << "nothing was thrown";
  } catch (const error& thrown) {
    EXPECT_STREQ(thrown.what(), "copy_all: bias has another shape");
  }
}

}  // namespace parameters_test
