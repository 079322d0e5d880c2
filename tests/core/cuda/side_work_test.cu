// SPDX-License-Identifier: Apache-2.0
// A second stream that begins at marks of the first, also where these are nodes of a captured
// graph and the second stream is not captured.
#include "radlads/core/cuda/graph_capture.cuh"
#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/cuda/side_work.cuh"
#include "radlads/core/host_copy.hpp"
#include "support/cuda_case.cuh"

#include <cstdint>

namespace radlads::test {
namespace side_work_test {

struct late_copy_args {
  const float* from;
  float* to;
  std::int64_t clocks;
};

/// Copies a number after some time.
RADLADS_KERNEL late_copy_kernel(const __grid_constant__ late_copy_args a) {
  const auto start = clock64();
  while (clock64() - start < a.clocks) {
  }
  *a.to = *a.from;
}

class cuda_side_work : public cuda_case<float> {
 protected:
  using numbers = tensor<float, 1, cuda_backend>;
  static constexpr std::int64_t long_time = 20'000'000;  // about 10 ms

  static void copy_late(cuda_backend& b, const numbers& from, numbers& to, std::int64_t clocks) {
    launch(b, "late_copy", late_copy_kernel, {.blocks = 1, .threads = 1},
           late_copy_args{from.data(), to.data(), clocks});
  }
  void set(numbers& to, float value) {
    write_on_host(cuda(), to, [&](float* at) { *at = value; });
  }
};

TEST_F(cuda_side_work, begins_at_its_mark_and_is_joined) {
  numbers from(cuda(), {1}), middle(cuda(), {1}), to(cuda(), {1}), joined(cuda(), {1});
  side_work<cuda_backend> side(cuda());
  side.resize(1);
  for (int i = 1; i < 6; ++i) {
    set(from, static_cast<float>(i));
    set(to, 0);
    copy_late(cuda(), from, middle, long_time);
    side.mark(0);
    side.after(0);
    copy_late(side.backend(), middle, to, long_time);
    side.join();
    copy_late(cuda(), to, joined, 0);
    EXPECT_EQ(to_host(cuda(), joined)[0], static_cast<float>(i));
  }
}

// compute-sanitizer has kernels run one after the other: this test and the next fail under it.
TEST_F(cuda_side_work, does_not_wait_for_what_is_behind_its_mark) {
  numbers from(cuda(), {1}), middle(cuda(), {1}), to(cuda(), {1}), behind(cuda(), {1});
  side_work<cuda_backend> side(cuda());
  side.resize(1);
  set(from, 3);
  set(to, 0);
  copy_late(cuda(), from, middle, 0);
  side.mark(0);
  copy_late(cuda(), from, behind, 50 * long_time);
  side.after(0);
  copy_late(side.backend(), middle, to, 0);
  side.backend().synchronize();
  EXPECT_EQ(cudaStreamQuery(cuda().stream()), cudaErrorNotReady);
  cuda().synchronize();
}

TEST_F(cuda_side_work, begins_at_marks_of_a_graph_that_runs) {
  numbers from(cuda(), {1}), middle(cuda(), {1}), to(cuda(), {1}), behind(cuda(), {1});
  side_work<cuda_backend> side(cuda());
  side.resize(1);
  graph_capture<cuda_backend> work;
  for (int i = 1; i < 8; ++i) {
    set(from, static_cast<float>(i));
    set(to, 0);
    work.run(cuda(), {}, [&] {
      copy_late(cuda(), from, middle, long_time);
      side.mark(0);
      copy_late(cuda(), middle, behind, 10 * long_time);
    });
    side.after(0);
    copy_late(side.backend(), middle, to, 0);
    side.backend().synchronize();
    // The rest of the graph still runs.
    EXPECT_EQ(cudaStreamQuery(cuda().stream()), cudaErrorNotReady) << i;
    side.join();
    EXPECT_EQ(to_host(cuda(), to)[0], static_cast<float>(i));
  }
  EXPECT_EQ(work.replays(), 6);
}

}  // namespace side_work_test
}  // namespace radlads::test
