// SPDX-License-Identifier: Apache-2.0
#include "radlads/io/safetensors_writer.hpp"
#include "radlads/io/stored_type.hpp"
#include "support/gguf_bytes.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace radlads::io {
namespace stored_type_test {

class stored_type_test : public test::temporary_directory {
 protected:
  /// Of a directory with eight values of one type and two of another.
  dtype of_directory(dtype most, dtype few) const {
    const std::vector<float> values(8, 1.0f);
    safetensors_writer writer;
    writer.add("a", most, {8}, values.data());
    writer.add("b", few, {2}, values.data());
    writer.write(path("model.safetensors"));
    return stored_type_of(directory_);
  }
  dtype of_gguf(std::uint32_t type, const std::string& blocks, std::uint64_t count) const {
    put("a.gguf",
        test::gguf_bytes().tensor("t", {count}, type, blocks).floats("n", {2}, {1, 2}).bytes());
    return stored_type_of(path("a.gguf"));
  }
};

TEST_F(stored_type_test, is_that_of_most_values) {
  EXPECT_EQ(of_directory(dtype::f32, dtype::bf16), dtype::f32);
  EXPECT_EQ(of_directory(dtype::bf16, dtype::f32), dtype::bf16);
  EXPECT_EQ(of_directory(dtype::f16, dtype::f32), dtype::f16);
  EXPECT_EQ(of_directory(dtype::f64, dtype::bf16), dtype::f32);
}

TEST_F(stored_type_test, of_quantised_blocks_is_bf16) {
  EXPECT_EQ(of_gguf(8, std::string(34, '\0'), 32), dtype::bf16);
  EXPECT_EQ(of_gguf(12, std::string(144, '\0'), 256), dtype::bf16);
  EXPECT_EQ(of_gguf(0, std::string(128, '\0'), 32), dtype::f32);
  EXPECT_EQ(of_gguf(1, std::string(64, '\0'), 32), dtype::f16);
  EXPECT_EQ(of_gguf(30, std::string(64, '\0'), 32), dtype::bf16);
}

}  // namespace stored_type_test
}  // namespace radlads::io
