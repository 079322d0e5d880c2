// SPDX-License-Identifier: Apache-2.0
#include "radlads/files/descriptor.hpp"
#include "radlads/files/lock.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace radlads::files {
namespace lock_test {

using lock_test = test::temporary_directory;

TEST_F(lock_test, a_second_lock_is_refused_until_the_first_is_gone) {
  EXPECT_FALSE(directory_lock().is_held());
  {
    directory_lock first(directory_);
    directory_lock moved = std::move(first);
    EXPECT_TRUE(moved.is_held());
    EXPECT_EQ(test::error_of([&] { directory_lock second(directory_); }),
              directory_.string() + " is in use by another process");
  }
  EXPECT_TRUE(directory_lock(directory_).is_held());
  EXPECT_EQ(list(), std::vector<std::string>());
}

TEST_F(lock_test, another_process_is_refused) {
  const directory_lock mine(directory_);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const std::string message = test::error_of([&] { directory_lock other(directory_); });
    ::_exit(message.ends_with("is in use by another process") ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(lock_test, a_missing_directory_is_named) {
  EXPECT_TRUE(test::says(test::error_of([&] { directory_lock lock(path("none")); }),
                         {path("none").string(), system_text(ENOENT)}));
}

}  // namespace lock_test
}  // namespace radlads::files
