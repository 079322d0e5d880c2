// SPDX-License-Identifier: Apache-2.0
#include "radlads/ops/cuda/embedding.cuh"
#include "support/cuda_case.cuh"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace embedding_test {

template <class T>
class cuda_embedding : public cuda_case<T> {};
TYPED_TEST_SUITE(cuda_embedding, cuda_scalars);

TYPED_TEST(cuda_embedding, gathers_and_adds) {
  std::vector<std::int32_t> numbers;
  for (int n = 0; n < 700; ++n) numbers.push_back(n * n % 37);
  for (const std::int64_t C : {1, 7, 64, 300}) {
    auto ids = this->of_ids(numbers);
    auto table = this->template random<2>({37, C}), dtable = this->template random<2>({37, C});
    auto dy = this->template random<2>({700, C});
    auto y = this->template poisoned<TypeParam, 2>({700, C});
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      ops::embedding_forward<S>(b, on(table), on(ids), on(y));
      ops::embedding_backward<S>(b, on(ids), on(dy), on(dtable));
    });
    this->expect_close(y, "y");
    this->expect_close(dtable, "dtable");
  }
}

TYPED_TEST(cuda_embedding, one_token_of_one_and_no_tokens) {
  auto ids = this->of_ids(std::vector<std::int32_t>(700, 0)), none = this->of_ids({});
  auto table = this->template random<2>({1, 65}), nothing = this->template random<2>({0, 65});
  auto dy = this->template random<2>({700, 65});
  auto first = this->template random<2>({1, 65}, 0), second = this->template random<2>({1, 65}, 0);
  this->on_both([&](auto& b, auto tag, auto on) {
    using S = decltype(tag);
    ops::embedding_backward<S>(b, on(ids), on(dy), on(first));
    ops::embedding_backward<S>(b, on(ids), on(dy), on(second));
    ops::embedding_forward<S>(b, on(table), on(none), on(nothing));
    ops::embedding_backward<S>(b, on(none), on(nothing), on(second));
  });
  this->expect_close(first, "dtable");
  EXPECT_EQ(this->values_of(first.device), this->values_of(second.device));
}

TYPED_TEST(cuda_embedding, strided_rows) {
  auto ids = this->of_ids({3, 0, 3, 4, 3});
  auto table = this->template random<2>({5, 20}), dtable = this->template random<2>({5, 20});
  auto y = this->template random<2>({5, 20}), dy = this->template random<2>({5, 20});
  this->on_both([&](auto& b, auto tag, auto on) {
    using S = decltype(tag);
    const auto part = [&](auto& each) {
      auto result = on(each).whole();
      result.pointer += 3;
      result.extents[1] = 11;
      return result;
    };
    ops::embedding_forward<S>(b, part(table), on(ids), part(y));
    ops::embedding_backward<S>(b, on(ids), part(dy), part(dtable));
  });
  // Whole rows: what lies beside the part must be as before.
  this->expect_close(y, "y");
  this->expect_close(dtable, "dtable");
}

TYPED_TEST(cuda_embedding, names_the_first_token_outside) {
  auto large = this->of_ids({1, 2, 40, 3, -1}), negative = this->of_ids({0, -1, 37, 36, 5});
  auto table = this->template random<2>({37, 8}), y = this->template random<2>({5, 8});
  const std::vector<double> before = this->values_of(table.device);
  const auto message_of = [](auto&& f) -> std::string {
    try {
      f();
    } catch (const error& thrown) {
      return thrown.what();
    }
    return "nothing was thrown";
  };
  this->on_both([&](auto& b, auto tag, auto on) {
    using S = decltype(tag);
    EXPECT_EQ(message_of([&] { ops::embedding_forward<S>(b, on(table), on(large), on(y)); }),
              "embedding_forward: the token number at position 2 is 40, expected one of a "
              "vocabulary of 37");
    EXPECT_EQ(message_of([&] { ops::embedding_backward<S>(b, on(negative), on(y), on(table)); }),
              "embedding_backward: the token number at position 1 is -1, expected one of a "
              "vocabulary of 37");
  });
  EXPECT_EQ(this->values_of(table.device), before);
}

}  // namespace embedding_test
}  // namespace radlads::test
