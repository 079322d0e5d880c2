// SPDX-License-Identifier: Apache-2.0
// The teacher of these tests. example.sh has it made in a directory of its own.

#include "convert/tiny_conversion.hpp"
#include "radlads/io/model_description.hpp"
#include "radlads/text/tokenizer.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace radlads::test {
namespace tiny_teacher_test {

using tiny_teacher = temporary_directory;

TEST_F(tiny_teacher, is_a_model_directory) {
  const char* const named = std::getenv("RADLADS_TINY_TEACHER");
  const std::filesystem::path place = named != nullptr ? std::filesystem::path(named) : path("t");
  cpu_backend b({.threads = 1});
  write_tiny_teacher(b, place);
  EXPECT_EQ(io::read_description(place).config.layers, 2);
  EXPECT_LE(text::tokenizer::load(place).vocabulary_size(), tiny_vocabulary);
}

}  // namespace tiny_teacher_test
}  // namespace radlads::test
