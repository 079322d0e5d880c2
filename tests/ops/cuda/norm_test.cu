// SPDX-License-Identifier: Apache-2.0
#include "radlads/ops/cuda/norm.cuh"
#include "support/cuda_case.cuh"

#include <array>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

namespace radlads::test {
namespace norm_test {

template <class T>
class cuda_norm : public cuda_case<T> {};
TYPED_TEST_SUITE(cuda_norm, cuda_scalars);

constexpr std::array<shape<2>, 7> sizes{
    {{1, 1}, {3, 7}, {5, 64}, {33, 96}, {70, 130}, {9, 1000}, {3, 18944}}};

/// Columns [first, first + count) of every row.
template <class T, class Space>
view<T, 2, Space> columns_of(view<T, 2, Space> x, std::int64_t first, std::int64_t count) {
  x.pointer += first;
  x.extents[1] = count;
  return x;
}

/// H heads of size K from column `first` of every row.
template <class T, class Space>
view<T, 3, Space> heads_of(const view<T, 2, Space>& x, std::int64_t first, std::int64_t H,
                           std::int64_t K) {
  view<T, 3, Space> result(x.pointer + first, {x.extent(0), H, K});
  result.strides[0] = x.stride(0);
  return result;
}

TYPED_TEST(cuda_norm, root_mean_square) {
  for (const auto [N, C] : sizes) {
    auto x = this->template random<2>({N, C}), dy = this->template random<2>({N, C});
    auto weight = this->template random<1>({C}), dweight = this->template random<1>({C});
    auto y = this->template poisoned<TypeParam, 2>({N, C}),
         dx = this->template poisoned<TypeParam, 2>({N, C});
    auto inverse = this->template poisoned<accumulate_t<TypeParam>, 1>({N});
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      ops::rms_norm_forward<S>(b, 1e-5, on(weight), on(x), on(y), on(inverse));
      ops::rms_norm_backward<S>(b, on(weight), on(x), on(inverse), on(dy), on(dx), on(dweight));
      ops::rms_norm_backward<S>(b, on(weight), on(x), on(inverse), on(dy), on(dy), {});
    });
    this->expect_close(y, "y");
    this->expect_close(inverse, "inverse");
    // A single column has a gradient of the size of epsilon alone, all rounding.
    if (C > 1) {
      this->expect_close(dx, "dx");
      this->expect_close(dy, "dx in the place of dy");
    }
    this->expect_close(dweight, "dweight");
  }
}

TYPED_TEST(cuda_norm, group) {
  for (const shape<3> s : {shape<3>{1, 1, 4}, {5, 8, 8}, {3, 5, 7}, {37, 2, 64}, {6, 3, 129}}) {
    const auto [N, H, K] = s;
    auto x = this->template random<3>(s), dy = this->template random<3>(s);
    auto weight = this->template random<1>({H * K}), bias = this->template random<1>({H * K});
    auto dweight = this->template random<1>({H * K}), dbias = this->template random<1>({H * K});
    auto y = this->template poisoned<TypeParam, 3>(s),
         dx = this->template poisoned<TypeParam, 3>(s);
    auto mean = this->template poisoned<accumulate_t<TypeParam>, 2>({N, H});
    auto inverse = this->template poisoned<accumulate_t<TypeParam>, 2>({N, H});
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      ops::group_norm_forward<S>(b, 1e-3, on(weight), on(bias), on(x), on(y), on(mean),
                                 on(inverse));
      ops::group_norm_backward<S>(b, on(weight), on(x), on(mean), on(inverse), on(dy), on(dx),
                                  on(dweight), on(dbias));
    });
    this->expect_close(y, "y of " + to_string<3>(s));
    this->expect_close(dx, "dx of " + to_string<3>(s));
    this->expect_close(dweight, "dweight");
    this->expect_close(dbias, "dbias");
  }
}

TYPED_TEST(cuda_norm, layer_far_from_zero) {
  for (const auto [N, C] : sizes) {
    // The variance is 1 beside a mean of 10: the square of the mean must not come in.
    std::vector<double> values = random_values(N * C, 71);
    for (double& each : values) each += 10;
    auto x = this->template of<TypeParam, 2>({N, C}, values);
    auto dy = this->template random<2>({N, C});
    auto weight = this->template random<1>({C}), bias = this->template random<1>({C});
    auto dweight = this->template random<1>({C}), dbias = this->template random<1>({C});
    auto y = this->template poisoned<TypeParam, 2>({N, C}),
         dx = this->template poisoned<TypeParam, 2>({N, C});
    auto mean = this->template poisoned<accumulate_t<TypeParam>, 1>({N});
    auto inverse = this->template poisoned<accumulate_t<TypeParam>, 1>({N});
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      ops::layer_norm_forward<S>(b, 1e-5, on(weight), on(bias), on(x), on(y), on(mean),
                                 on(inverse));
      ops::layer_norm_backward<S>(b, on(weight), on(x), on(mean), on(inverse), on(dy), on(dx),
                                  on(dweight), on(dbias));
      ops::layer_norm_backward<S>(b, on(weight), on(x), on(mean), on(inverse), on(dy), on(dy), {},
                                  {});
    });
    this->expect_close(mean, "mean");
    this->expect_close(inverse, "inverse");
    this->expect_close(y, "y of " + std::to_string(C) + " columns");
    this->expect_close(dbias, "dbias");
    if (C == 1) continue;  // every gradient but that of the bias is zero, all rounding
    this->expect_close(dx, "dx of " + std::to_string(C) + " columns");
    this->expect_close(dy, "dx in the place of dy");
    this->expect_close(dweight, "dweight");
  }
}

TYPED_TEST(cuda_norm, strided_rows_aligned_and_not) {
  constexpr std::int64_t N = 9;
  for (const shape<3> at : {shape<3>{8, 3, 8}, {16, 1, 24}, {1, 3, 8}, {8, 5, 5}}) {
    const auto [first, H, K] = at;
    auto x = this->template random<2>({N, 40}), dy = this->template random<2>({N, 40});
    auto weight = this->template random<1>({H * K}), bias = this->template random<1>({H * K});
    auto dweight = this->template random<1>({H * K}), dbias = this->template random<1>({H * K});
    auto rms = this->template random<2>({N, 40}), group = this->template random<2>({N, 40});
    auto drms = this->template random<2>({N, 40}), dgroup = this->template random<2>({N, 40});
    auto row_inverse = this->template poisoned<accumulate_t<TypeParam>, 1>({N});
    auto mean = this->template poisoned<accumulate_t<TypeParam>, 2>({N, H});
    auto inverse = this->template poisoned<accumulate_t<TypeParam>, 2>({N, H});
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      const auto rows = [&](auto& each) { return columns_of(on(each).whole(), first, H * K); };
      const auto heads = [&](auto& each) { return heads_of(on(each).whole(), first, H, K); };
      ops::rms_norm_forward<S>(b, 1e-5, on(weight), rows(x), rows(rms), on(row_inverse));
      ops::rms_norm_backward<S>(b, on(weight), rows(x), on(row_inverse), rows(dy), rows(drms), {});
      ops::group_norm_forward<S>(b, 1e-3, on(weight), on(bias), heads(x), heads(group), on(mean),
                                 on(inverse));
      ops::group_norm_backward<S>(b, on(weight), heads(x), on(mean), on(inverse), heads(dy),
                                  heads(dgroup), on(dweight), on(dbias));
    });
    // Whole rows: what lies beside the part must be as before.
    this->expect_close(rms, "rms y of " + to_string<3>(at));
    this->expect_close(drms, "rms dx of " + to_string<3>(at));
    this->expect_close(group, "group y of " + to_string<3>(at));
    this->expect_close(dgroup, "group dx of " + to_string<3>(at));
    this->expect_close(dweight, "dweight of " + to_string<3>(at));
    this->expect_close(dbias, "dbias of " + to_string<3>(at));
  }
}

TYPED_TEST(cuda_norm, gradients_of_weights_add_in_one_order) {
  constexpr std::int64_t N = 5000, C = 33;
  auto x = this->template random<2>({N, C}), dy = this->template random<2>({N, C});
  auto weight = this->template random<1>({C}), twice = this->template random<1>({C});
  auto first = this->template random<1>({C}, 0), second = this->template random<1>({C}, 0);
  auto y = this->template poisoned<TypeParam, 2>({N, C}),
       dx = this->template poisoned<TypeParam, 2>({N, C});
  auto inverse = this->template poisoned<accumulate_t<TypeParam>, 1>({N});
  this->on_both([&](auto& b, auto tag, auto on) {
    using S = decltype(tag);
    ops::rms_norm_forward<S>(b, 1e-5, on(weight), on(x), on(y), on(inverse));
    const auto add_to = [&](auto& total) {
      ops::rms_norm_backward<S>(b, on(weight), on(x), on(inverse), on(dy), on(dx), on(total));
    };
    add_to(first);
    add_to(second);
    add_to(twice);
    add_to(twice);
  });
  EXPECT_EQ(this->values_of(first.device), this->values_of(second.device));
  this->expect_close(first, "dweight");
  // In bf16 each call rounds the total, which one rounding's tolerance does not cover.
  if constexpr (!std::is_same_v<TypeParam, bf16>) this->expect_close(twice, "dweight of two calls");
}

TYPED_TEST(cuda_norm, no_rows_change_nothing) {
  auto x = this->template random<2>({0, 5}), y = this->template random<2>({0, 5});
  auto weight = this->template random<1>({5}), dweight = this->template random<1>({5});
  auto inverse = this->template poisoned<accumulate_t<TypeParam>, 1>({0});
  this->on_both([&](auto& b, auto tag, auto on) {
    using S = decltype(tag);
    ops::rms_norm_forward<S>(b, 1e-5, on(weight), on(x), on(y), on(inverse));
    ops::rms_norm_backward<S>(b, on(weight), on(x), on(inverse), on(x), on(y), on(dweight));
  });
  this->expect_close(dweight, "dweight", 0);
}

}  // namespace norm_test
}  // namespace radlads::test
