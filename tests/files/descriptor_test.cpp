// SPDX-License-Identifier: Apache-2.0
#include "radlads/files/descriptor.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <fcntl.h>
#include <utility>

namespace radlads::files {
namespace file_descriptor_test {

using file_descriptor_test = test::temporary_directory;

TEST_F(file_descriptor_test, writes_and_closes) {
  file_descriptor file(::open(path("x").c_str(), O_WRONLY | O_CREAT, 0600));
  ASSERT_TRUE(file.is_open());
  file.write("abc", 3, path("x"));
  file.sync(path("x"));
  EXPECT_EQ(file.close(), 0);
  EXPECT_FALSE(file.is_open());
  EXPECT_EQ(get("x"), "abc");
}

TEST_F(file_descriptor_test, closes_once_when_moved) {
  file_descriptor first(::open(put("x", "").c_str(), O_RDONLY));
  const int number = first.get();
  {
    file_descriptor second(std::move(first));
    EXPECT_EQ(second.get(), number);
    EXPECT_NE(::fcntl(number, F_GETFD), -1);
  }
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
  EXPECT_EQ(errno, EBADF);
}

TEST_F(file_descriptor_test, a_full_device_names_path_and_reason) {
  file_descriptor full(::open("/dev/full", O_WRONLY));
  if (!full.is_open()) GTEST_SKIP() << "this system has no /dev/full";
  const std::string message = test::error_of([&] { full.write("abc", 3, "model.safetensors"); });
  EXPECT_EQ(message, "cannot write model.safetensors: " + system_text(ENOSPC));
}

TEST_F(file_descriptor_test, a_missing_directory_is_named) {
  const std::string message = test::error_of([&] { sync_directory(path("none")); });
  EXPECT_TRUE(test::says(message, {path("none").string(), system_text(ENOENT)}));
}

}  // namespace file_descriptor_test
}  // namespace radlads::files
