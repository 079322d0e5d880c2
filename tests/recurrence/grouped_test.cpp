// SPDX-License-Identifier: Apache-2.0
// Inputs and values of fewer heads against the same numbers repeated: the same bits.

#include "ops/tensor_values.hpp"
#include "radlads/recurrence/gated_deltanet.hpp"
#include "radlads/recurrence/gla.hpp"
#include "radlads/recurrence/kda.hpp"
#include "radlads/recurrence/mamba2.hpp"
#include "radlads/recurrence/rwkv6.hpp"
#include "radlads/recurrence/rwkv7.hpp"
#include "radlads/recurrence/scan.hpp"
#include "support/error_of.hpp"
#include "support/gradient_check.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace grouped_test {

constexpr std::int64_t B = 2, T = 19, H = 6, K = 5, V = 7;

using numbers = tensor<double, 4, cpu_backend>;

template <class Cell>
class grouped : public testing::Test {
 protected:
  cpu_backend b{{.threads = 2, .poison = true}};

  numbers random(const shape<4>& sizes, std::uint64_t seed, double scale, double offset) {
    numbers t(b, sizes);
    const std::vector<double> values = random_values(t.size(), seed, scale);
    for (std::size_t i = 0; i < values.size(); ++i) t.data()[i] = values[i] + offset;
    return t;
  }
  /// Each head as often as there are heads of it.
  numbers repeated(const numbers& few) {
    const shape<4> s = few.sizes();
    numbers many(b, {s[0], s[1], H, s[3]});
    for (std::int64_t row = 0; row < s[0] * s[1]; ++row) {
      for (std::int64_t h = 0; h < H; ++h) {
        const double* from = few.data() + (row * s[2] + h * s[2] / H) * s[3];
        std::copy(from, from + s[3], many.data() + (row * H + h) * s[3]);
      }
    }
    return many;
  }

  struct results {
    numbers y, last, dv, dfirst;
    std::array<numbers, Cell::inputs> d;
  };
  results run(const std::array<numbers, Cell::inputs>& in, const numbers& v, const numbers& dy,
              const numbers& first) {
    results r;
    std::array<view<const double, 4>, Cell::inputs> x;
    std::array<view<double, 4>, Cell::inputs> dx;
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = in[i].read();
      r.d[i].resize(b, recurrence::input_shape<Cell>(i, in[0].sizes()));
      dx[i] = r.d[i].whole();
    }
    for (auto* each : {&r.y, &r.dv}) each->resize(b, {B, T, H, V});
    for (auto* each : {&r.last, &r.dfirst}) each->resize(b, {B, H, K, V});
    numbers checkpoints(b, recurrence::checkpoint_shape(B, T, H, K, V));
    recurrence::scan_forward<Cell, double>(b, x, v, r.y, first, r.last, checkpoints);
    recurrence::scan_backward<Cell, double>(b, x, v, checkpoints, dy, first, dx, r.dv, r.dfirst);
    return r;
  }
};

using cells = testing::Types<recurrence::rwkv7, recurrence::gla, recurrence::rwkv6,
                             recurrence::gated_deltanet, recurrence::kda, recurrence::mamba2>;
TYPED_TEST_SUITE(grouped, cells);

TYPED_TEST(grouped, is_what_repeated_heads_are) {
  std::array<numbers, TypeParam::inputs> few, many;
  for (std::size_t i = 0; i < few.size(); ++i) {
    // The first input has all heads, the others two, three or six.
    const std::int64_t heads = i == 0 ? H : std::array<std::int64_t, 3>{2, 3, 6}[i % 3];
    const bool is_decay = static_cast<int>(i) == TypeParam::decay;
    few[i] = this->random({B, T, heads, recurrence::input_width<TypeParam>(static_cast<int>(i), K)},
                          10 + i, is_decay ? 0.1 : 0.4, is_decay ? -0.5 : 0);
    many[i] = this->repeated(few[i]);
  }
  const numbers v = this->random({B, T, 2, V}, 1, 1, 0), dy = this->random({B, T, H, V}, 2, 1, 0),
                first = this->random({B, H, K, V}, 3, 1, 0);
  const auto found = this->run(few, v, dy, first);
  const auto expected = this->run(many, this->repeated(v), dy, first);
  EXPECT_EQ(values_of(found.y), values_of(expected.y));
  EXPECT_EQ(values_of(found.last), values_of(expected.last));
  EXPECT_EQ(values_of(found.dv), values_of(expected.dv));
  EXPECT_EQ(values_of(found.dfirst), values_of(expected.dfirst));
  for (std::size_t i = 0; i < few.size(); ++i)
    EXPECT_EQ(values_of(found.d[i]), values_of(expected.d[i])) << TypeParam::names[i];
}

TYPED_TEST(grouped, refuses_heads_that_do_not_divide) {
  std::array<numbers, TypeParam::inputs> in;
  for (std::size_t i = 0; i < in.size(); ++i)
    in[i] = this->random(recurrence::input_shape<TypeParam>(i, {B, T, H, K}), 10 + i, 0.1, -0.5);
  const numbers v = this->random({B, T, 4, V}, 1, 1, 0), dy = this->random({B, T, H, V}, 2, 1, 0),
                first = this->random({B, H, K, V}, 3, 1, 0);
  EXPECT_EQ(error_of([&] { this->run(in, v, dy, first); }),
            "scan_forward: v is (2, 19, 4, 7), r is (2, 19, 6, 5)");
}

}  // namespace grouped_test
}  // namespace radlads::test
