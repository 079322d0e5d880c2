// SPDX-License-Identifier: Apache-2.0
// Frames of Zstandard come back; what is cut, damaged or too greedy is refused.

#include "files/compressed_bytes.hpp"
#include "files/compression_case.hpp"
#include "radlads/files/zstd.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace radlads::files {
namespace zstd_test {

#if defined(RADLADS_ZSTD)
TEST(zstd_test, zstd_frames_come_back) {
  test::expect_round_trips(compression::zstd, test::zstd_of);
}

TEST(zstd_test, rejects_truncated_zstd) {
  test::expect_truncation_is_named(compression::zstd, test::zstd_of, "zstd");
}

TEST(zstd_test, rejects_damaged_zstd) {
  test::expect_damage_is_named(compression::zstd, test::zstd_of, "zstd");
}

TEST(zstd_test, zstd_is_handed_on_in_small_parts) {
  constexpr std::size_t size = 40'000'000;
  test::expect_parts_are_small(test::zstd_of(std::string(size, 'x')), size,
                               [](const auto&... all) { decompress_zstd(all...); });
}

TEST(zstd_test, rejects_a_zstd_window_that_takes_all_memory) {
  // RFC 8878, 3.1.1.1.2: the window of this frame is 2^(10 + 30) bytes; a raw block of one byte.
  const std::string frame("\x28\xb5\x2f\xfd\x00\xf0\x09\x00\x00x", 10);
  EXPECT_TRUE(test::says(test::error_of([&] { decompress(compression::zstd, frame, "a.zst"); }),
                         {"a.zst", "is not valid zstd", "too much memory"}));
}
#else
TEST(zstd_test, rejects_zstd_without_libzstd) {
  EXPECT_TRUE(
      test::says(test::error_of([] { decompress(compression::zstd, "\x28\xb5\x2f\xfd", "a.zst"); }),
                 {"a.zst", "libzstd", "RADLADS_ZSTD"}));
}
#endif

}  // namespace zstd_test
}  // namespace radlads::files
