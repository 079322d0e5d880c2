// SPDX-License-Identifier: Apache-2.0
// A backend that cannot record does the work each time.
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/recording.hpp"

#include <gtest/gtest.h>

namespace radlads::test {

TEST(Recording, OfTheCpuRunsEachTime) {
  cpu_backend b;
  recording<cpu_backend> work;
  int runs = 0;
  for (int i = 0; i < 4; ++i) work.run(b, {}, [&] { ++runs; });
  EXPECT_EQ(runs, 4);
  EXPECT_FALSE(is_recording(b));
}

}  // namespace radlads::test
