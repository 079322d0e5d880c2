// SPDX-License-Identifier: Apache-2.0
#include "radlads/ops/cuda/squared_error.cuh"
#include "support/cuda_case.cuh"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace squared_error_test {

template <class T>
class cuda_squared_error : public cuda_case<T> {};
TYPED_TEST_SUITE(cuda_squared_error, cuda_scalars);

TYPED_TEST(cuda_squared_error, lengths_squares_and_gradients) {
  for (const shape<2> s : {shape<2>{1, 1}, {5, 7}, {33, 64}, {9, 1000}}) {
    auto y = this->template random<2>(s), target = this->template random<2>(s);
    auto lengths = this->template poisoned<accumulate_t<TypeParam>, 1>({s[0]});
    auto squares = this->template poisoned<accumulate_t<TypeParam>, 1>({s[0]});
    auto dy = this->template poisoned<TypeParam, 2>(s),
         dsquare = this->template poisoned<TypeParam, 2>(s);
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      ops::alignment_l2<S>(b, 0.3f, on(y), on(target), on(lengths), on(dy));
      ops::alignment_mse<S>(b, 0.3f, on(y), on(target), on(squares), on(dsquare));
    });
    this->expect_close(lengths, "lengths");
    this->expect_close(dy, "dy");
    this->expect_close(squares, "squares");
    this->expect_close(dsquare, "dy of squares");
  }
}

TYPED_TEST(cuda_squared_error, no_error_no_gradient) {
  auto y = this->template random<2>({3, 8});
  auto losses = this->template poisoned<accumulate_t<TypeParam>, 1>({3});
  auto dy = this->template poisoned<TypeParam, 2>({3, 8});
  this->on_both([&](auto& b, auto tag, auto on) {
    ops::alignment_l2<decltype(tag)>(b, 1, on(y), on(y), on(losses), on(dy));
  });
  for (const double each : this->values_of(dy.device)) EXPECT_EQ(each, 0);
}

TYPED_TEST(cuda_squared_error, strided_rows_and_losses_alone) {
  for (const std::int64_t first : {8, 3}) {
    auto y = this->template random<2>({9, 40}), target = this->template random<2>({9, 40});
    auto dy = this->template random<2>({9, 40});
    auto losses = this->template poisoned<accumulate_t<TypeParam>, 1>({9});
    auto alone = this->template poisoned<accumulate_t<TypeParam>, 1>({9});
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      const auto part = [&](auto& each) {
        auto result = on(each).whole();
        result.pointer += first;
        result.extents[1] = 24;
        return result;
      };
      ops::alignment_l2<S>(b, 1, part(y), part(target), on(losses), part(dy));
      ops::alignment_l2<S>(b, 1, part(y), part(target), on(alone), {});
    });
    this->expect_close(losses, "losses");
    this->expect_close(alone, "losses without a gradient");
    // Whole rows: what lies beside the part must be as before.
    this->expect_close(dy, "dy from column " + std::to_string(first));
  }
}

TYPED_TEST(cuda_squared_error, no_tokens_and_no_channels) {
  auto no_tokens = this->template random<2>({0, 5}), no_channels = this->template random<2>({3, 0});
  auto none = this->template poisoned<accumulate_t<TypeParam>, 1>({0});
  auto losses = this->template poisoned<accumulate_t<TypeParam>, 1>({3});
  this->on_both([&](auto& b, auto tag, auto on) {
    using S = decltype(tag);
    ops::alignment_mse<S>(b, 1, on(no_tokens), on(no_tokens), on(none), {});
    ops::alignment_l2<S>(b, 1, on(no_channels), on(no_channels), on(losses), on(no_channels));
  });
  this->expect_close(losses, "losses of no channels", 0);  // zeros, not what was there before
}

}  // namespace squared_error_test
}  // namespace radlads::test
