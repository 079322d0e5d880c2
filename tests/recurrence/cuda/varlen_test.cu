// SPDX-License-Identifier: Apache-2.0
// Documents of varying lengths in a row (varlen) on CUDA: by one launch, and group by group where
// they are few, against the CPU in double.
#include "radlads/cuda.cuh"
#include "radlads/recurrence/gated_deltanet.hpp"
#include "radlads/recurrence/gla.hpp"
#include "radlads/recurrence/rwkv7.hpp"
#include "radlads/recurrence/varlen.hpp"
#include "support/cuda_case.cuh"

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace varlen_test {

template <class Cell>
class cuda_varlen : public cuda_case<bf16> {
 protected:
  using inputs = std::array<tensor_pair<bf16, 4>, Cell::inputs>;

  template <class S, class B, bool IsWritten>
  static auto views(inputs& from, auto on) {
    std::array<view_on<std::conditional_t<IsWritten, S, const S>, 4, B>, Cell::inputs> result;
    for (std::size_t i = 0; i < from.size(); ++i) result[i] = on(from[i]).whole();
    return result;
  }

  void check(const std::vector<std::int64_t>& lengths, std::int64_t H, std::int64_t D) {
    std::int64_t tokens = 0;
    for (const std::int64_t each : lengths) tokens += each;
    const std::string name =
        " of " + std::to_string(lengths.size()) + " documents with heads of " + std::to_string(D);
    const shape<4> s{1, tokens, H, D};
    inputs in, din;
    for (std::size_t i = 0; i < in.size(); ++i) {
      const shape<4> own = recurrence::input_shape<Cell>(i, s);
      std::vector<double> values = random_values(own[0] * own[1] * own[2] * own[3], 100 + i);
      for (double& each : values) {
        const int input = static_cast<int>(i);
        if (input == Cell::decay || input >= recurrence::vector_inputs<Cell>()) {
          each = (input == Cell::decay ? -0.6 : 1) / (1 + std::exp(each));
        } else {
          each /= std::sqrt(static_cast<double>(D));
        }
      }
      in[i] = of<bf16, 4>(own, values);
      din[i] = poisoned<bf16, 4>(own);
    }
    auto v = random<4>(s), dy = random<4>(s), y = poisoned<bf16, 4>(s), dv = poisoned<bf16, 4>(s);
    const shape<4> state{static_cast<std::int64_t>(lengths.size()), H, D, D};
    const std::int64_t size = state[0] * H * D * D;
    auto first = of<float, 4>(state, random_values(size, 7, 0.3)),
         dlast = of<float, 4>(state, random_values(size, 8));
    auto last = poisoned<float, 4>(state), dfirst = poisoned<float, 4>(state);
    auto checkpoints = poisoned<float, 1>({recurrence::varlen_checkpoint_size(lengths, H, D, D)});
    on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      using backend_type = std::remove_cvref_t<decltype(b)>;
      const auto x = views<S, backend_type, false>(in, on);
      recurrence::scan_forward_varlen<Cell, S>(b, lengths, x, on(v), on(y), on(first), on(last),
                                               on(checkpoints));
      recurrence::scan_backward_varlen<Cell, S>(b, lengths, x, on(v), on(checkpoints), on(dy),
                                                on(dlast), views<S, backend_type, true>(din, on),
                                                on(dv), on(dfirst));
    });
    expect_close(y, "y" + name, chunkwise_output_tolerance);
    expect_close(last, "final states" + name, chunkwise_output_tolerance);
    expect_close(dv, "dv" + name, chunkwise_gradient_tolerance);
    expect_close(dfirst, "gradients of the initial states" + name, chunkwise_gradient_tolerance);
    for (std::size_t i = 0; i < din.size(); ++i)
      expect_close(din[i], std::string("d") + Cell::names[i] + name, chunkwise_gradient_tolerance);
  }
};

using cells = ::testing::Types<recurrence::rwkv7, recurrence::gla, recurrence::gated_deltanet>;
TYPED_TEST_SUITE(cuda_varlen, cells);

TYPED_TEST(cuda_varlen, all_at_once) {
  // With 14 heads more than three quarters of any GPU's multiprocessors.
  this->check({5, 16, 16, 1, 33, 0, 7, 40, 17, 2, 30, 64, 3, 16}, 14, 64);
  this->check({31, 0, 18, 1, 5, 16, 16, 9, 2, 20, 33, 12}, 14, 128);
}

TYPED_TEST(cuda_varlen, group_by_group_where_heads_are_few) {
  this->check({20, 20, 5, 0, 33}, 2, 64);
}

}  // namespace varlen_test
}  // namespace radlads::test
