// SPDX-License-Identifier: Apache-2.0
#include "radlads/ops/cuda/embedding.cuh"

#include "support/cuda_case.cuh"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace {

template <class T>
class cuda_embedding : public cuda_case<T> {};
TYPED_TEST_SUITE(cuda_embedding, cuda_scalars);

TYPED_TEST(cuda_embedding, GathersAndAdds) {
  std::vector<std::int32_t> numbers;
  for (int n = 0; n < 700; ++n) numbers.push_back(n * n % 37);
  for (const std::int64_t C : {1, 7, 64, 300}) {
    auto ids = this->of_ids(numbers);
    auto table = this->template random<2>({37, C}), dtable = this->template random<2>({37, C});
    auto dy = this->template random<2>({700, C});
    auto y = this->template room<TypeParam, 2>({700, C});
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      ops::embedding_forward<S>(b, on(table), on(ids), on(y));
      ops::embedding_backward<S>(b, on(ids), on(dy), on(dtable));
    });
    this->expect_close(y, "y");
    this->expect_close(dtable, "dtable");
  }
}

TYPED_TEST(cuda_embedding, NamesTheFirstTokenOutside) {
  auto ids = this->of_ids({1, 2, 40, 3, -1});
  auto table = this->template random<2>({37, 8});
  auto y = this->template room<TypeParam, 2>({5, 8});
  try {
    ops::embedding_forward<TypeParam>(this->cuda(), table.device, ids.device, y.device);
    FAIL() << "no error was thrown";
  } catch (const error& thrown) {
    EXPECT_NE(std::string(thrown.what()).find("position 2 is 40"), std::string::npos) << thrown.what();
  }
}

}  // namespace
}  // namespace radlads::test
