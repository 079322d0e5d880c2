// SPDX-License-Identifier: Apache-2.0
#include "convert/tiny_conversion.hpp"
#include "radlads/convert/identity.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace radlads::convert {
namespace identity_test {

using identities = test::temporary_directory;

TEST(identity, hashes_have_sixteen_digits) {
  EXPECT_EQ(hex(0), "0000000000000000");
  EXPECT_EQ(hex(0xabc), "0000000000000abc");
  EXPECT_EQ(hex(~std::uint64_t{0}), "ffffffffffffffff");
}

TEST(identity, weights_are_told_apart_by_one_value) {
  cpu_backend b({.threads = 1});
  test::tiny_model model;
  model.build(b, test::tiny_teacher());
  model.initialise(b, 1);
  const std::uint64_t before = weights_hash(b, model);
  EXPECT_EQ(weights_hash(b, model), before);
  model.weights.norm.data()[3] += 1e-3f;
  EXPECT_NE(weights_hash(b, model), before);
}

TEST_F(identities, a_directory_is_its_description_weights_and_tokenizer) {
  cpu_backend b({.threads = 1});
  test::write_tiny_teacher(b, path("a"), 1);
  test::write_tiny_teacher(b, path("b"), 2);
  const identity first = model_identity(path("a"), "teacher");
  const identity second = model_identity(path("b"), "teacher");
  EXPECT_EQ(first.at("teacher.hidden_size"), "16");
  EXPECT_NE(first.at("teacher.weights"), second.at("teacher.weights"));
  EXPECT_EQ(first.at("teacher.tokenizer"), second.at("teacher.tokenizer"));
  EXPECT_EQ(first.at("teacher.tokenizer"), hex(tokenizer_hash(path("a"))));
  put("a/merges.txt", "another");
  EXPECT_NE(hex(tokenizer_hash(path("a"))), first.at("teacher.tokenizer"));
}

}  // namespace identity_test
}  // namespace radlads::convert
