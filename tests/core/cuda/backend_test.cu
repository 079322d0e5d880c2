// SPDX-License-Identifier: Apache-2.0
#include "radlads/core/cuda/backend.cuh"
#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/cuda/reduce.cuh"
#include "support/cuda_case.cuh"

#include <cmath>
#include <string>
#include <vector>

namespace radlads::test {
namespace backend_test {

class cuda_backend_case : public cuda_case<float> {};

template <class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const error& thrown) {
    return thrown.what();
  }
  return "no error was thrown";
}

TEST_F(cuda_backend_case, fresh_memory_is_poisoned_and_zero_is_zero) {
  tensor<float, 1, cuda_backend> t(cuda(), {100});
  for (const double each : values_of(t)) EXPECT_TRUE(std::isnan(each));
  set_zero<float, 1, cuda_backend>(cuda(), t);
  for (const double each : values_of(t)) EXPECT_EQ(each, 0);
}

TEST_F(cuda_backend_case, counts_bytes) {
  const std::size_t before = cuda().allocated_bytes();
  {
    tensor<float, 1, cuda_backend> t(cuda(), {1000});
    EXPECT_EQ(cuda().allocated_bytes(), before + 4000);
  }
  EXPECT_EQ(cuda().allocated_bytes(), before);
  EXPECT_GE(cuda().peak_bytes(), before + 4000);
}

TEST_F(cuda_backend_case, says_what_is_wrong) {
  EXPECT_NE(error_of([] {
              cuda_backend b(cuda_options{.device = 1000});
            }).find("there is no device 1000"),
            std::string::npos);
  EXPECT_NE(error_of([&] { cuda().allocate(std::size_t{1} << 50); }).find("no memory for"),
            std::string::npos);
  // What failed does not come back at the next call.
  EXPECT_NO_THROW(cuda().synchronize());
}

struct sum_args {
  const float* from;
  float* to;
};

/// One block of 96 threads sums 96 numbers, twice over the same shared memory.
RADLADS_KERNEL sum_kernel(const __grid_constant__ sum_args a) {
  __shared__ float shared[3];
  const float once = block_sum<96>(a.from[threadIdx.x], shared);
  const float twice = block_sum<96>(2 * a.from[threadIdx.x], shared);
  a.to[threadIdx.x] = once + twice;
}

TEST_F(cuda_backend_case, launches_and_sums_a_block) {
  std::vector<double> ones(96, 1.0);
  auto from = of<float, 1>({96}, ones);
  auto to = poisoned<float, 1>({96});
  launch(cuda(), "sum", sum_kernel, {.threads = 96},
         sum_args{from.device.data(), to.device.data()});
  for (const double each : values_of(to.device)) EXPECT_EQ(each, 288);
  launch(cuda(), "sum", sum_kernel, {.blocks = 0}, sum_args{});
  EXPECT_NO_THROW(cuda().synchronize());
}

}  // namespace backend_test
}  // namespace radlads::test
