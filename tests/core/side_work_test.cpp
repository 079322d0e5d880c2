// SPDX-License-Identifier: Apache-2.0
// On a backend that does everything in order, work beside it is its own work.
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/side_work.hpp"

#include <gtest/gtest.h>

namespace radlads::test {
namespace side_work_test {

TEST(side_work, is_the_backends_own_where_everything_is_in_order) {
  cpu_backend b({.threads = 1});
  side_work<cpu_backend> side(b);
  side.resize(2);
  side.mark(1);
  side.after(1);
  side.join();
  EXPECT_EQ(&side.backend(), &b);
}

}  // namespace side_work_test
}  // namespace radlads::test
