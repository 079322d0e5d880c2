// SPDX-License-Identifier: Apache-2.0
// Members of gzip come back; what is cut or damaged is refused.

#include "files/compressed_bytes.hpp"
#include "files/compression_case.hpp"
#include "radlads/files/gzip.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace radlads::files {
namespace gzip_test {

#if defined(RADLADS_ZLIB)
TEST(gzip_test, gzip_members_come_back) {
  test::expect_round_trips(compression::gzip, test::gzip_of);
}

TEST(gzip_test, rejects_truncated_gzip) {
  test::expect_truncation_is_named(compression::gzip, test::gzip_of, "gzip");
}

TEST(gzip_test, rejects_damaged_gzip) {
  test::expect_damage_is_named(compression::gzip, test::gzip_of, "gzip");
  // The sum at the end covers every byte of the content.
  std::string whole = test::gzip_of(test::sample());
  whole[whole.size() - 6] = static_cast<char>(whole[whole.size() - 6] ^ 1);
  EXPECT_TRUE(test::says(test::error_of([&] { decompress(compression::gzip, whole, "a.txt"); }),
                         {"a.txt", "is not valid gzip at byte", std::to_string(whole.size() - 4)}));
}

TEST(gzip_test, gzip_is_handed_on_in_small_parts) {
  constexpr std::size_t size = 40'000'000;
  test::expect_parts_are_small(test::gzip_of(std::string(size, 'x')), size,
                               [](const auto&... all) { decompress_gzip(all...); });
}
#else
TEST(gzip_test, rejects_gzip_without_zlib) {
  EXPECT_TRUE(test::says(test::error_of([] { decompress(compression::gzip, "\x1f\x8b", "a.gz"); }),
                         {"a.gz", "zlib", "RADLADS_ZLIB"}));
}
#endif

}  // namespace gzip_test
}  // namespace radlads::files
