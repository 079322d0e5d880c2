// SPDX-License-Identifier: Apache-2.0
#include "radlads/ops/cuda/rope.cuh"
#include "support/cuda_case.cuh"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace rope_test {

template <class T>
class cuda_rope : public cuda_case<T> {};
TYPED_TEST_SUITE(cuda_rope, cuda_scalars);

TYPED_TEST(cuda_rope, turns_and_turns_back) {
  for (const shape<4> s : {shape<4>{1, 1, 1, 2}, {2, 5, 3, 8}, {2, 37, 2, 64}, {1, 130, 1, 6}}) {
    auto x = this->template random<4>(s);
    auto y = this->template poisoned<TypeParam, 4>(s);
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      ops::rope<S>(b, 1e4, 11, 1, on(x), on(y));
      ops::rope<S>(b, 1e4, 11, -1, on(x), on(x));
    });
    this->expect_close(y, "y of " + to_string<4>(s));
    this->expect_close(x, "turned back in place");
  }
}

TYPED_TEST(cuda_rope, heads_inside_wider_rows_far_from_the_start) {
  auto x = this->template random<3>({2, 7, 40}), y = this->template random<3>({2, 7, 40});
  this->on_both([&](auto& b, auto tag, auto on) {
    using S = decltype(tag);
    // Three heads of 8 from column 5 of each token.
    const auto heads = [&](auto& each) {
      const auto rows = on(each).whole();
      view<S, 4, typename decltype(rows)::space> result(rows.pointer + 5, {2, 7, 3, 8});
      result.strides[0] = rows.stride(0);
      result.strides[1] = rows.stride(1);
      return result;
    };
    ops::rope<S>(b, 1e6, 1000, 1, heads(x), heads(y));
  });
  this->expect_close(y, "y, and what lies beside the heads");
}

TYPED_TEST(cuda_rope, adds_a_position_in_memory) {
  const shape<4> s{2, 5, 3, 64};
  auto x = this->template random<4>(s);
  auto y = this->template poisoned<TypeParam, 4>(s);
  auto behind = this->of_ids({900});
  this->on_both([&](auto& b, auto tag, auto on) {
    ops::position<std::remove_cvref_t<decltype(b)>> position(11);
    position.offset = on(behind).read();
    ops::rope<decltype(tag)>(b, 1e4, position, 1, on(x), on(y));
  });
  this->expect_close(y, "y");
}

TYPED_TEST(cuda_rope, turns_by_scaled_frequencies) {
  const shape<4> s{2, 37, 3, 24};
  for (const ops::rope_scaling& scaling :
       {ops::rope_scaling{.kind = ops::rope_scaling_kind::linear, .factor = 2.5},
        ops::rope_scaling{ops::rope_scaling_kind::llama3, 8, 1, 4, 32}}) {
    auto x = this->template random<4>(s);
    auto y = this->template poisoned<TypeParam, 4>(s);
    this->on_both([&](auto& b, auto tag, auto on) {
      ops::rope<decltype(tag)>(b, {50.0, scaling}, 11, 1, on(x), on(y));
    });
    this->expect_close(y, "y");
  }
}

TYPED_TEST(cuda_rope, no_tokens) {
  auto x = this->template random<4>({2, 0, 3, 8}), y = this->template random<4>({2, 0, 3, 8});
  this->on_both(
      [&](auto& b, auto tag, auto on) { ops::rope<decltype(tag)>(b, 1e4, 0, 1, on(x), on(y)); });
}

}  // namespace rope_test
}  // namespace radlads::test
