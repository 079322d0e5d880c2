// SPDX-License-Identifier: Apache-2.0
#include "layers/layer_case.hpp"
#include "radlads/layers/combinators.hpp"
#include "radlads/layers/linear.hpp"
#include "radlads/layers/norm.hpp"
#include "radlads/layers/swiglu.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace radlads::test {
namespace combinators_test {

using layers::linear;
using layers::residual;
using layers::rms_norm;
using layers::sum;
using layers::swiglu;
using layers::then;

using two_maps = then<linear, linear>;
using half_block = residual<then<rms_norm, swiglu>>;
using branches = sum<linear, then<linear, residual<linear>>>;

static_assert(layers::layer<two_maps> && layers::layer<half_block> && layers::layer<branches>);

const half_block::config half_block_config{{{.width = 6}, {.hidden = 6, .intermediate = 11}}};
const branches::config branches_config{
    {.in = 5, .out = 4, .has_bias = true},
    {{.in = 5, .out = 4, .has_bias = false}, {{.in = 4, .out = 4, .has_bias = true}}}};

TEST(then, gradients) {
  check_layer<two_maps>({{.in = 5, .out = 3}, {.in = 3, .out = 7, .has_bias = true}}, 4, 5);
}

TEST(residual, gradients) { check_layer<half_block>(half_block_config, 4, 6); }

TEST(sum, gradients) { check_layer<branches>(branches_config, 3, 5); }

TEST(combinators, no_rows) {
  check_no_rows<half_block>(half_block_config, 6);
  check_no_rows<branches>(branches_config, 5);
}

// y = 2 (3 x) = 6 x;  x + 6 x = 7 x;  3 x + 2 x = 5 x.
TEST(combinators, compose_as_their_names_say) {
  cpu_backend b({.threads = 2, .poison = true});
  const linear::config one{.in = 1, .out = 1};
  const std::vector<float> x{1, -2};
  layer_run<two_maps, float> chain(b, {one, one}, 2, 1,
                                   {{"x", x}, {"first.weight", {3}}, {"second.weight", {2}}});
  chain.loss();
  EXPECT_EQ(values_of(chain.y), (std::vector<float>{6, -12}));

  layer_run<residual<two_maps>, float> around(
      b, {{one, one}}, 2, 1, {{"x", x}, {"inner.first.weight", {3}}, {"inner.second.weight", {2}}});
  around.loss();
  EXPECT_EQ(values_of(around.y), (std::vector<float>{7, -14}));

  layer_run<sum<linear, linear>, float> beside(
      b, {one, one}, 2, 1, {{"x", x}, {"first.weight", {3}}, {"second.weight", {2}}});
  beside.loss();
  EXPECT_EQ(values_of(beside.y), (std::vector<float>{5, -10}));
}

TEST(combinators, take_their_width_from_their_parts) {
  EXPECT_EQ(two_maps::out_width({{.in = 5, .out = 3}, {.in = 3, .out = 7}}), 7);
  EXPECT_EQ(half_block::out_width(half_block_config), 6);
  EXPECT_EQ(branches::out_width(branches_config), 4);
}

TEST(combinators, name_the_parameters_by_the_path_to_them) {
  cpu_backend b({.threads = 2, .poison = true});
  branches::params<float, cpu_backend> p;
  p.allocate(b, branches_config);
  std::vector<std::string> names;
  p.for_each([&](const std::string& name, const auto&) { names.push_back(name); }, p);
  EXPECT_EQ(names,
            (std::vector<std::string>{"first.weight", "first.bias", "second.first.weight",
                                      "second.second.inner.weight", "second.second.inner.bias"}));
}

}  // namespace combinators_test
}  // namespace radlads::test
