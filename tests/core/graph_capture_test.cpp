// SPDX-License-Identifier: Apache-2.0
// A backend that cannot capture graphs does the work each time.
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/graph_capture.hpp"

#include <gtest/gtest.h>

namespace radlads::test {

TEST(graph_capture, of_the_cpu_runs_each_time) {
  cpu_backend b;
  graph_capture<cpu_backend> work;
  int runs = 0;
  for (int i = 0; i < 4; ++i) work.run(b, {}, [&] { ++runs; });
  EXPECT_EQ(runs, 4);
  EXPECT_FALSE(is_capturing(b));
}

}  // namespace radlads::test
