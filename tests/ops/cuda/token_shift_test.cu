// SPDX-License-Identifier: Apache-2.0
#include "radlads/ops/cuda/token_shift.cuh"
#include "support/cuda_case.cuh"

#include <array>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

namespace radlads::test {
namespace token_shift_test {

template <class T>
class cuda_token_shift : public cuda_case<T> {};
TYPED_TEST_SUITE(cuda_token_shift, cuda_scalars);

TYPED_TEST(cuda_token_shift, differences_and_their_gradient) {
  for (const shape<3> s : {shape<3>{1, 1, 1}, {2, 5, 7}, {3, 33, 64}}) {
    auto x = this->template random<3>(s);
    auto delta = this->template poisoned<TypeParam, 3>(s),
         dx = this->template poisoned<TypeParam, 3>(s);
    auto last = this->template random<2>({s[0], s[2]});
    auto first = this->template poisoned<TypeParam, 3>(s);
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      ops::token_shift_forward<S>(b, on(x), {}, on(first), {});
      ops::token_shift_forward<S>(b, on(x), on(last), on(delta), on(last));
      ops::token_shift_backward<S>(b, on(x), on(dx));
    });
    this->expect_close(first, "delta from zero");
    this->expect_close(delta, "delta");
    this->expect_close(last, "last");
    this->expect_close(dx, "dx");
  }
}

TYPED_TEST(cuda_token_shift, part_of_each_sequence) {
  auto x = this->template random<3>({3, 9, 17}), delta = this->template random<3>({3, 9, 17});
  auto dx = this->template random<3>({3, 9, 17}), last = this->template random<3>({3, 9, 17});
  this->on_both([&](auto& b, auto tag, auto on) {
    using S = decltype(tag);
    // Tokens 2 to 6, channels 3 to 13; the carried tokens are token 0 of each sequence.
    const auto part = [&](auto& each) {
      auto result = on(each).whole();
      result.pointer += 2 * result.stride(1) + 3;
      result.extents[1] = 5;
      result.extents[2] = 11;
      return result;
    };
    view<S, 2, typename std::remove_reference_t<decltype(b)>::space> carried(on(last).data(),
                                                                             {3, 11});
    carried.strides[0] = on(last).whole().stride(0);
    ops::token_shift_forward<S>(b, part(x), carried, part(delta), carried);
    ops::token_shift_backward<S>(b, part(x), part(dx));
  });
  // Whole tensors: what lies beside the part must be as before.
  this->expect_close(delta, "delta");
  this->expect_close(last, "last");
  this->expect_close(dx, "dx");
}

TYPED_TEST(cuda_token_shift, no_tokens) {
  auto x = this->template random<3>({2, 0, 5}), delta = this->template random<3>({2, 0, 5});
  this->on_both([&](auto& b, auto tag, auto on) {
    using S = decltype(tag);
    ops::token_shift_forward<S>(b, on(x), {}, on(delta), {});
    ops::token_shift_backward<S>(b, on(x), on(delta));
  });
}

}  // namespace token_shift_test
}  // namespace radlads::test
