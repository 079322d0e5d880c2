// SPDX-License-Identifier: Apache-2.0
#include "radlads/core/cuda/graph_capture.cuh"
#include "radlads/core/host_copy.hpp"
#include "support/cuda_case.cuh"

#include <cstdint>
#include <memory>

namespace radlads::test {
namespace graph_capture_test {

class cuda_graph_capture : public cuda_case<float> {
 protected:
  using numbers = tensor<float, 1, cuda_backend>;
  void set(numbers& to, float value) {
    write_on_host(cuda(), to, [&](float* at) { *at = value; });
  }
  float get(const numbers& from) { return to_host(cuda(), from)[0]; }
};

TEST_F(cuda_graph_capture, runs_twice_and_replays_from_then_on) {
  numbers from(cuda(), {1}), to(cuda(), {1});
  graph_capture<cuda_backend> work;
  int calls = 0;
  for (int i = 0; i < 5; ++i) {
    set(from, static_cast<float>(i));
    work.run(cuda(), {}, [&] {
      ++calls;
      copy<float, 1>(cuda(), from.read(), to.whole());
    });
    EXPECT_EQ(get(to), static_cast<float>(i));
  }
  // Once for itself and once for the capture.
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(work.replays(), 4);
}

TEST_F(cuda_graph_capture, another_key_or_other_memory_is_another_graph) {
  numbers from(cuda(), {1}), to(cuda(), {1});
  graph_capture<cuda_backend> work;
  const auto run = [&](std::int64_t key) {
    const std::int64_t keys[] = {key};
    const std::int64_t before = work.replays();
    set(from, static_cast<float>(key));
    work.run(cuda(), keys, [&] { copy<float, 1>(cuda(), from.read(), to.whole()); });
    EXPECT_EQ(get(to), static_cast<float>(key));
    return work.replays() - before;
  };
  EXPECT_EQ(run(1), 0);
  EXPECT_EQ(run(1), 1);
  EXPECT_EQ(run(2), 0);
  EXPECT_EQ(run(2), 1);
  from.release();
  from.resize(cuda(), {1});
  EXPECT_EQ(run(2), 0);
  EXPECT_EQ(run(2), 1);
}

TEST_F(cuda_graph_capture, what_no_graph_holds_runs_each_time) {
  numbers from(cuda(), {1}), to(cuda(), {1});
  float on_host = 3;
  const auto check = [&](auto&& f) {
    graph_capture<cuda_backend> work;
    int finished = 0;
    for (int i = 0; i < 4; ++i) {
      work.run(cuda(), {}, [&] {
        f();
        ++finished;
      });
    }
    EXPECT_EQ(finished, 4);
    EXPECT_EQ(work.replays(), 0);
    EXPECT_FALSE(cuda().is_capturing());
    EXPECT_NO_THROW(cuda().synchronize());
  };
  check([&] { cuda().synchronize(); });
  check([&] { cuda().copy(to.data(), &on_host, sizeof(float)); });
  EXPECT_EQ(get(to), 3);
  check([&] { numbers fresh(cuda(), {10}); });
}

TEST_F(cuda_graph_capture, memory_that_is_freed_in_a_capture_is_freed_behind_it) {
  auto from = std::make_unique<numbers>(cuda(), shape<1>{1});
  const std::size_t before = cuda().allocated_bytes();
  graph_capture<cuda_backend> work;
  int calls = 0;
  for (int i = 0; i < 4; ++i) {
    work.run(cuda(), {}, [&] {
      if (++calls == 2) from.reset();  // the attempt to capture
    });
  }
  EXPECT_EQ(calls, 5);
  EXPECT_EQ(work.replays(), 0);
  EXPECT_LT(cuda().allocated_bytes(), before);
  EXPECT_NO_THROW(cuda().synchronize());
}

TEST_F(cuda_graph_capture, errors_of_the_work_pass_through) {
  graph_capture<cuda_backend> work;
  int calls = 0;
  const auto run = [&] {
    work.run(cuda(), {}, [&] {
      if (++calls == 2) fail("the second call fails");
    });
  };
  run();
  EXPECT_THROW(run(), error);
  EXPECT_FALSE(cuda().is_capturing());
  EXPECT_NO_THROW(run());
}

}  // namespace graph_capture_test
}  // namespace radlads::test
