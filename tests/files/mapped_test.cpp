// SPDX-License-Identifier: Apache-2.0
#include "radlads/files/mapped.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <string>
#include <sys/stat.h>
#include <utility>

namespace radlads::files {
namespace mapped_file_test {

using mapped_file_test = test::temporary_directory;

TEST_F(mapped_file_test, shows_every_byte) {
  std::string bytes(10000, 'x');
  bytes[0] = '\0';
  bytes[9999] = '\xff';
  const mapped_file file = mapped_file::open(put("a", bytes));
  EXPECT_EQ(file.text(), bytes);
  EXPECT_EQ(file.bytes().size(), 10000u);
  EXPECT_EQ(file.bytes()[9999], std::byte{0xff});
}

TEST_F(mapped_file_test, an_empty_file_is_empty) {
  const mapped_file file = mapped_file::open(put("a", ""));
  EXPECT_EQ(file.size(), 0u);
  EXPECT_TRUE(file.text().empty());
}

TEST_F(mapped_file_test, bytes_stay_in_place_when_moved) {
  mapped_file first = mapped_file::open(put("a", "first"));
  const std::byte* place = first.bytes().data();
  mapped_file second = std::move(first);
  EXPECT_EQ(second.bytes().data(), place);
  EXPECT_EQ(first.size(), 0u);
  second = mapped_file::open(put("b", "second"));
  EXPECT_EQ(second.text(), "second");
}

TEST_F(mapped_file_test, refuses_what_is_no_file) {
  EXPECT_TRUE(test::says(test::error_of([&] { mapped_file::open(path("none")); }),
                         {path("none").string(), "No such file"}));
  EXPECT_TRUE(test::says(test::error_of([&] { mapped_file::open(directory_); }),
                         {directory_.string(), "directory"}));
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_TRUE(test::says(test::error_of([&] { mapped_file::open(path("pipe")); }),
                         {path("pipe").string(), "not a regular file"}));
}

}  // namespace mapped_file_test
}  // namespace radlads::files
