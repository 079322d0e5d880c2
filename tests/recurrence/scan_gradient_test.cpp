// SPDX-License-Identifier: Apache-2.0
// Gradients of the scans: against the complex step of the reference and of the scan itself, and,
// where that would take too long, against the chunkwise form.

#include "recurrence/scan_case.hpp"
#include "recurrence/scan_reference.hpp"
#include "support/error_of.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {

template <class Cell>
class scan_gradient : public testing::Test {
 public:
  cpu_backend backend{{.threads = 2, .poison = true}};
};
using cells = testing::Types<recurrence::rwkv7, recurrence::gla, recurrence::rwkv6,
                             recurrence::gated_deltanet, recurrence::kda, recurrence::mamba2>;
TYPED_TEST_SUITE(scan_gradient, cells);

// Two segments and a bit; widths of keys and values that are no lane widths, and one head alone.
const scan_sizes small_sizes[] = {
    {1, 1, 1, 4, 4}, {2, 5, 2, 3, 5}, {1, 33, 1, 4, 3}, {1, 17, 1, 5, 9}};

TYPED_TEST(scan_gradient, is_the_complex_step_of_the_reference) {
  for (const scan_sizes& sizes : small_sizes) {
    const auto data = make_case<TypeParam>(sizes, 11);
    const auto expected = complex_step(
        [point = convert<complex>(data)](const std::vector<complex>& flat) mutable {
          unflatten(flat, point);
          return loss(point, run_reference(point));
        },
        flatten(data));
    const auto found = flatten(run_backward(this->backend, data));
    EXPECT_LT(relative_error(found, expected), gradient_tolerance) << sizes.T << " tokens";
    const auto in_float = flatten(run_backward(this->backend, convert<float>(data)));
    EXPECT_LT(relative_error(in_float, expected), order_tolerance<float>) << sizes.T << " tokens";
  }
}

TYPED_TEST(scan_gradient, is_the_complex_step_of_the_scan) {
  for (const scan_sizes& sizes : small_sizes) {
    const auto data = make_case<TypeParam>(sizes, 13);
    const auto expected = complex_step(
        [this, point = convert<complex>(data)](const std::vector<complex>& flat) mutable {
          unflatten(flat, point);
          return loss(point, run_forward(this->backend, point));
        },
        flatten(data));
    const auto found = flatten(run_backward(this->backend, data));
    EXPECT_LT(relative_error(found, expected), gradient_tolerance) << sizes.T << " tokens";
  }
}

TYPED_TEST(scan_gradient, of_each_input_is_right_by_itself) {
  const auto data = make_case<TypeParam>({1, 20, 1, 4, 4}, 17);
  const auto expected = run_chunkwise_backward(data);
  const auto found = run_backward(this->backend, data);
  for (std::size_t i = 0; i < found.inputs.size(); ++i) {
    EXPECT_LT(relative_error(found.inputs[i], expected.inputs[i]), gradient_tolerance)
        << "input " << TypeParam::names[i];
  }
  EXPECT_LT(relative_error(found.v, expected.v), gradient_tolerance);
  EXPECT_LT(relative_error(found.initial, expected.initial), gradient_tolerance);
}

TYPED_TEST(scan_gradient, is_that_of_the_chunkwise_form_at_every_head_size) {
  for (const std::int64_t size : {4, 5, 8, 12, 16, 31, 64, 100, 128, 256}) {
    const std::int64_t values[] = {size, size / 2 + 1};
    for (const std::int64_t V : values) {
      const auto data = make_case<TypeParam>({1, 19, 1, size, V}, 19);
      const auto expected = flatten(run_chunkwise_backward(data));
      EXPECT_LT(relative_error(flatten(run_backward(this->backend, data)), expected),
                gradient_tolerance)
          << size << " keys, " << V << " values";
      EXPECT_LT(
          relative_error(flatten(run_backward(this->backend, convert<float>(data))), expected),
          order_tolerance<float>)
          << size << " keys, " << V << " values";
    }
  }
}

TYPED_TEST(scan_gradient, of_an_input_that_all_tokens_share_is_the_sum) {
  // One row of the decay for each sequence and head; more channels than one block of lanes has.
  for (const scan_sizes& sizes : {scan_sizes{2, 37, 3, 8, 8}, scan_sizes{1, 18, 2, 12, 70}}) {
    auto data = make_case<TypeParam>(sizes, 29);
    constexpr auto shared = static_cast<std::size_t>(TypeParam::decay);
    const std::int64_t row =
        sizes.H * recurrence::input_width<TypeParam>(TypeParam::decay, sizes.K);
    auto& values = data.inputs[shared];
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(values.size()); ++i) {
      values[static_cast<std::size_t>(i)] =
          values[static_cast<std::size_t>(i / (sizes.T * row) * sizes.T * row + i % row)];
    }
    const auto expected = run_backward(this->backend, data);
    scan_tensors<TypeParam, double> on(this->backend, data);
    on.forward(this->backend);
    auto inputs = on.input_views();
    auto dinputs = on.dinput_views();
    inputs[shared].strides[1] = dinputs[shared].strides[1] = 0;
    recurrence::scan_forward<TypeParam, double>(this->backend, inputs, on.v, on.y, on.initial,
                                                on.final_state, on.checkpoints);
    recurrence::scan_backward<TypeParam, double>(this->backend, inputs, on.v, on.checkpoints, on.dy,
                                                 on.dfinal, dinputs, on.dv, on.dinitial);
    std::vector<double> sums, found;
    for (std::int64_t b = 0; b < sizes.B; ++b) {
      for (std::int64_t i = 0; i < row; ++i) {
        sums.push_back(0);
        found.push_back(on.dinputs[shared].data()[b * sizes.T * row + i]);
        for (std::int64_t t = 0; t < sizes.T; ++t) {
          sums.back() +=
              expected.inputs[shared][static_cast<std::size_t>((b * sizes.T + t) * row + i)];
        }
      }
    }
    EXPECT_LT(relative_error(found, sums), gradient_tolerance);
    EXPECT_EQ(values_of(on.dv), expected.v);
  }
}

TYPED_TEST(scan_gradient, of_a_shared_input_needs_a_row_for_each_sequence_and_head) {
  scan_tensors<TypeParam, double> on(this->backend, make_case<TypeParam>({2, 5, 3, 8, 8}, 31));
  on.forward(this->backend);
  for (const int axis : {0, 2}) {
    auto dinputs = on.dinput_views();
    dinputs[0].strides[1] = dinputs[0].strides[axis] = 0;
    const std::string message = error_of([&] {
      recurrence::scan_backward<TypeParam, double>(this->backend, on.input_views(), on.v,
                                                   on.checkpoints, on.dy, on.dfinal, dinputs, on.dv,
                                                   on.dinitial);
    });
    EXPECT_EQ(message,
              "scan_backward: dr has one row for several sequences or heads; each needs its own");
  }
}

TYPED_TEST(scan_gradient, the_chunkwise_form_is_the_complex_step_of_the_reference) {
  const auto data = make_case<TypeParam>({1, 7, 1, 4, 3}, 23);
  const auto expected = complex_step(
      [point = convert<complex>(data)](const std::vector<complex>& flat) mutable {
        unflatten(flat, point);
        return loss(point, run_reference(point));
      },
      flatten(data));
  EXPECT_LT(relative_error(flatten(run_chunkwise_backward(data)), expected), gradient_tolerance);
}

}  // namespace radlads::test
