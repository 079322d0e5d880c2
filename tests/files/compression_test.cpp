// SPDX-License-Identifier: Apache-2.0
// Names and first bytes tell how a file is compressed.

#include "radlads/files/compression.hpp"

#include <gtest/gtest.h>

namespace radlads::files {
namespace compression_test {

TEST(compression_test, a_name_tells_how_a_file_is_compressed) {
  EXPECT_EQ(compression_of_name("a.txt.gz"), compression::gzip);
  EXPECT_EQ(compression_of_name("a.jsonl.zst"), compression::zstd);
  EXPECT_EQ(compression_of_name("gz"), compression::none);
  EXPECT_EQ(compression_of_bytes("\x1f\x8b\x08"), compression::gzip);
  EXPECT_EQ(compression_of_bytes("\x28\xb5\x2f\xfd."), compression::zstd);
  EXPECT_EQ(compression_of_bytes("text"), compression::none);
  EXPECT_EQ(decompress(compression::none, "as it is", "a"), "as it is");
}

}  // namespace compression_test
}  // namespace radlads::files
