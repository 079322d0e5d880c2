// SPDX-License-Identifier: Apache-2.0
#include "ops/l2norm_map_functors.hpp"
#include "radlads/ops/cuda/l2norm_map.cuh"
#include "support/cuda_case.cuh"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace l2norm_map_test {

using namespace ::l2norm_map_test;

template <class T>
class cuda_l2norm_map : public cuda_case<T> {};
TYPED_TEST_SUITE(cuda_l2norm_map, cuda_scalars);

TYPED_TEST(cuda_l2norm_map, groups_of_heads_both_ways) {
  // N, G, H, K: vectors and single numbers, rows that a group of threads reads at once and longer
  // ones.
  for (const shape<4> s : {shape<4>{1, 1, 1, 2},
                           {5, 2, 4, 4},
                           {3, 2, 6, 7},
                           {37, 2, 14, 64},
                           {6, 1, 3, 129},
                           {2, 3, 3, 520}}) {
    const shape<3> grouped{s[0], s[1], s[3]};
    const shape<2> wide{s[0], s[2] * s[3]};
    auto x = this->template random<3>(grouped);
    auto z = this->template random<2>(wide), dsum = this->template random<2>(wide),
         dproduct = this->template random<2>(wide), in_place = this->template random<2>(wide);
    auto dx = this->template poisoned<TypeParam, 3>(grouped),
         dplain = this->template poisoned<TypeParam, 3>(grouped);
    auto sum = this->template poisoned<TypeParam, 2>(wide),
         product = this->template poisoned<TypeParam, 2>(wide),
         dz = this->template poisoned<TypeParam, 2>(wide);
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      ops::l2norm_map_forward<S>(b, of_unit_vector{}, on(x).read(),
                                 std::array{on(sum).whole(), on(product).whole()},
                                 std::array{on(z).read()});
      ops::l2norm_map_backward<S>(b, of_unit_vector_backward{}, on(x).read(), on(dx).whole(),
                                  std::array{on(dz).whole()},
                                  std::array{on(z).read(), on(dsum).read(), on(dproduct).read()});
      ops::l2norm_map_backward<S>(b, scaled_by_backward{}, on(x).read(), on(dplain).whole(),
                                  std::array{on(in_place).whole()},
                                  std::array{on(z).read(), on(in_place).read()});
    });
    const std::string name = " of " + to_string<4>(s);
    this->expect_close(sum, "sum" + name);
    this->expect_close(product, "product" + name);
    this->expect_close(dx, "dx" + name);
    this->expect_close(dz, "dz" + name);
    this->expect_close(dplain, "dx without a unit vector" + name);
    this->expect_close(in_place, "dz in the place of dy" + name);
  }
}

TYPED_TEST(cuda_l2norm_map, at_the_bound_a_vector_is_scaled) {
  auto x = this->template random<3>({2, 3, 8}, 0);
  auto z = this->template random<2>({2, 24}), dsum = this->template random<2>({2, 24});
  auto dz = this->template poisoned<TypeParam, 2>({2, 24});
  auto dx = this->template poisoned<TypeParam, 3>({2, 3, 8});
  this->on_both([&](auto& b, auto tag, auto on) {
    using S = decltype(tag);
    ops::l2norm_map_backward<S>(b, of_unit_vector_backward{}, on(x).read(), on(dx).whole(),
                                std::array{on(dz).whole()},
                                std::array{on(z).read(), on(dsum).read(), on(dsum).read()});
  });
  this->expect_close(dx, "dx without a projection");
}

}  // namespace l2norm_map_test
}  // namespace radlads::test
