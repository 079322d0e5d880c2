// SPDX-License-Identifier: Apache-2.0
// Threads that the system does not give: an error with its sentence, and no wait for ever.

#include "radlads/core/backend.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/threads.hpp"
#include "radlads/data/token_stream.hpp"
#include "support/memory_limit.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <vector>

namespace threads_test {

using namespace radlads;

TEST(threads, run_what_they_are_given) {
  std::atomic<int> value = 0;
  start_thread("test", 1, 1, [&] { value = 7; }).join();
  EXPECT_EQ(value, 7);
  EXPECT_EQ(start_async("test", [] { return 8; }).get(), 8);
}

/// Where stacks of 8 MiB no longer fit, after a few threads; a hang ends by SIGALRM instead.
template <class Action>
[[noreturn]] void run_without_memory(const Action& action) {
  ::alarm(60);
  test::limit_memory(std::size_t{100} << 20);
  try {
    action();
  } catch (const error& problem) {
    std::fputs(problem.what(), stderr);
    std::_Exit(3);
  }
  std::_Exit(4);
}

class refused_threads : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::memory_can_be_limited) GTEST_SKIP() << "a sanitizer's memory cannot be limited";
    GTEST_FLAG_SET(death_test_style, "threadsafe");
  }
};

constexpr const char* sentence = "cannot start thread [0-9]+ of [0-9]+: Resource temporarily";

TEST_F(refused_threads, are_an_error_of_the_backend) {
  EXPECT_EXIT(run_without_memory([] { cpu_backend b({.threads = 400}); }),
              testing::ExitedWithCode(3), std::string("cpu_backend: ") + sentence);
}

TEST_F(refused_threads, are_an_error_where_documents_are_encoded) {
  const std::vector<std::string> documents(400, "x");
  const auto encode = [](std::string_view) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return std::vector<std::int32_t>{1};
  };
  EXPECT_EXIT(
      run_without_memory([&] { data::token_stream::from_documents(documents, encode, 400); }),
      testing::ExitedWithCode(3), std::string("token_stream: ") + sentence);
}

TEST_F(refused_threads, are_an_error_of_asynchronous_work) {
  EXPECT_EXIT(run_without_memory([] {
                std::vector<std::future<void>> all;
                for (int i = 0; i < 400; ++i) {
                  all.push_back(start_async(
                      "test", [] { std::this_thread::sleep_for(std::chrono::milliseconds(300)); }));
                }
              }),
              testing::ExitedWithCode(3), std::string("test: ") + sentence);
}

}  // namespace threads_test
