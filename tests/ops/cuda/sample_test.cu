// SPDX-License-Identifier: Apache-2.0
// Tokens chosen on CUDA are those that the CPU chooses from the same logits.
#include "radlads/ops/cuda/sample.cuh"
#include "support/cuda_case.cuh"

#include <cstdint>
#include <limits>
#include <vector>

namespace radlads::test {
namespace sample_test {

template <class T>
class cuda_sample : public cuda_case<T> {
 protected:
  /// Ids of logits (N, V), on the CPU and on CUDA.
  void expect_equal(const std::vector<T>& logits, std::int64_t N, const ops::sampling_options& o,
                    const std::vector<std::uint8_t>& seen = {}) {
    const std::int64_t V = static_cast<std::int64_t>(logits.size()) / N;
    const random_stream numbers{17, 3};
    std::vector<std::int32_t> expected(static_cast<std::size_t>(N));
    view<const std::uint8_t, 2> flags;
    if (!seen.empty()) flags = {seen.data(), {N, V}};
    ops::sample<T>(this->cpu(), o, {logits.data(), {N, V}}, flags, numbers, 40,
                   {expected.data(), {N}});
    EXPECT_EQ(on_cuda(logits, N, o, numbers, seen), expected)
        << V << " logits, temperature " << o.temperature << ", top_k " << o.top_k << ", top_p "
        << o.top_p << ", min_p " << o.min_p << ", penalty " << o.repetition_penalty;
  }

  std::vector<std::int32_t> on_cuda(const std::vector<T>& logits, std::int64_t N,
                                    const ops::sampling_options& o, random_stream numbers,
                                    const std::vector<std::uint8_t>& seen) {
    cuda_backend& b = this->cuda();
    const std::int64_t V = static_cast<std::int64_t>(logits.size()) / N;
    tensor<T, 2, cuda_backend> on_device(b, {N, V});
    b.copy(on_device.data(), logits.data(), logits.size() * sizeof(T));
    tensor<std::uint8_t, 2, cuda_backend> flags;
    if (!seen.empty()) {
      flags.resize(b, {N, V});
      b.copy(flags.data(), seen.data(), seen.size());
    }
    tensor<std::int32_t, 1, cuda_backend> ids(b, {N});
    ops::sample<T>(b, o, on_device, flags, numbers, 40, ids);
    std::vector<std::int32_t> found(static_cast<std::size_t>(N));
    b.copy(found.data(), ids.data(), found.size() * sizeof(std::int32_t));
    b.synchronize();
    return found;
  }

  static std::vector<T> random_logits(std::int64_t count, double spread) {
    std::vector<T> logits;
    for (std::int64_t i = 0; i < count; ++i) {
      const double each = spread * random_stream{5, 1}.normal(static_cast<std::uint64_t>(i));
      logits.push_back(static_cast<T>(static_cast<accumulate_t<T>>(each)));
    }
    return logits;
  }
  static T number(double value) { return static_cast<T>(static_cast<accumulate_t<T>>(value)); }
};
TYPED_TEST_SUITE(cuda_sample, cuda_scalars);

TYPED_TEST(cuda_sample, chooses_what_the_cpu_chooses) {
  const std::vector<ops::sampling_options> cases{
      {},
      {.temperature = 0},
      {.temperature = 0.6},
      {.top_k = 1},
      {.top_k = 40},
      {.top_k = 1000000},
      {.top_p = 0.9},
      {.top_p = 0.02},
      {.min_p = 0.05},
      {.temperature = 0.8, .top_k = 50, .top_p = 0.95, .min_p = 0.02, .repetition_penalty = 1.3},
      {.temperature = 0, .repetition_penalty = 1.7},
      {.top_p = 0.999, .min_p = 1e-4}};
  constexpr std::int64_t rows = 8;
  for (const std::int64_t V : {1, 31, 33, 1024, 5003, 151936}) {
    for (const double spread : {0.2, 4.0}) {
      const auto logits = this->random_logits(rows * V, spread);
      std::vector<std::uint8_t> seen(logits.size());
      for (std::size_t i = 0; i < seen.size(); i += 3) seen[i] = 1;
      for (const ops::sampling_options& o : cases) this->expect_equal(logits, rows, o, seen);
    }
  }
}

TYPED_TEST(cuda_sample, equal_logits_go_by_id) {
  std::vector<TypeParam> logits(4 * 3000, this->number(1.5));
  for (const ops::sampling_options& o : std::vector<ops::sampling_options>{
           {.temperature = 0}, {.top_k = 1}, {.top_k = 700}, {.top_p = 0.3}, {}}) {
    this->expect_equal(logits, 4, o);
  }
}

TYPED_TEST(cuda_sample, rows_without_a_choice_have_no_id) {
  const double infinite = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<TypeParam> logits(4 * 2000, this->number(0.5));
  logits[1999] = this->number(nan);
  logits[2000] = this->number(infinite);
  for (std::size_t v = 4000; v < 6000; ++v) logits[v] = this->number(-infinite);
  const auto found = this->on_cuda(logits, 4, {}, {1, 2}, {});
  EXPECT_EQ(found[0], -1);
  EXPECT_EQ(found[1], -1);
  EXPECT_EQ(found[2], -1);
  EXPECT_GE(found[3], 0);
  EXPECT_LT(found[3], 2000);
}

TYPED_TEST(cuda_sample, tokens_of_a_text_are_marked) {
  cuda_backend& b = this->cuda();
  const std::vector<std::int32_t> ids{2, 2, 0, 1};
  tensor<std::int32_t, 2, cuda_backend> on_device(b, {2, 2});
  b.copy(on_device.data(), ids.data(), ids.size() * sizeof(std::int32_t));
  tensor<std::uint8_t, 2, cuda_backend> seen(b, {2, 3});
  b.set_zero(seen.data(), 6);
  ops::mark_ids(b, on_device, seen);
  std::vector<std::uint8_t> found(6);
  b.copy(found.data(), seen.data(), 6);
  b.synchronize();
  EXPECT_EQ(found, (std::vector<std::uint8_t>{0, 0, 1, 1, 1, 0}));
}

}  // namespace sample_test
}  // namespace radlads::test
