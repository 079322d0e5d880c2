// SPDX-License-Identifier: Apache-2.0
#include "radlads/convert/run_context.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/dry_run/backend.hpp"

#include <gtest/gtest.h>

#include <string>

namespace radlads::convert {
namespace run_context_test {

static_assert(parallel::communicator<alone, cpu_backend>);
static_assert(device_name<cpu_backend> == "cpu" && device_name<dry_run_backend> == "cuda");
static_assert(!trains_rounded<cpu_backend> && trains_rounded<dry_run_backend>);

TEST(run_context, one_process_is_the_first_and_agrees_with_itself) {
  alone ranks;
  EXPECT_TRUE(ranks.is_first());
  EXPECT_EQ(ranks.size(), 1);
  EXPECT_EQ(ranks.most(-3), -3);
  EXPECT_EQ(ranks.from_first([] { return std::string("text"); }), "text");
  EXPECT_EQ(ranks.first_before_others([] { return 7; }), 7);
  EXPECT_NO_THROW(ranks.require_same("a", "what"));
}

}  // namespace run_context_test
}  // namespace radlads::convert
