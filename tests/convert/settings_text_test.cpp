// SPDX-License-Identifier: Apache-2.0
#include "radlads/convert/settings_text.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace radlads::convert {
namespace settings_text_test {

// What fmt::format("{}") of version 9 writes: records of earlier versions have these texts.
TEST(settings_text, numbers_are_written_as_records_have_them) {
  EXPECT_EQ(value_text(0.0), "0");
  EXPECT_EQ(value_text(1.0), "1");
  EXPECT_EQ(value_text(0.95), "0.95");
  EXPECT_EQ(value_text(1e-3), "0.001");
  EXPECT_EQ(value_text(2e-4), "0.0002");
  EXPECT_EQ(value_text(1.5e-4), "0.00015");
  EXPECT_EQ(value_text(1e-4), "0.0001");
  EXPECT_EQ(value_text(1e-5), "1e-05");
  EXPECT_EQ(value_text(1.25e-8), "1.25e-08");
  EXPECT_EQ(value_text(1e6), "1000000");
  EXPECT_EQ(value_text(1e15), "1000000000000000");
  EXPECT_EQ(value_text(1e16), "1e+16");
  EXPECT_EQ(value_text(-0.1), "-0.1");
  EXPECT_EQ(value_text(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(value_text(1e300), "1e+300");
}

TEST(settings_text, other_values_are_written_as_yaml_reads_them) {
  EXPECT_EQ(value_text(true), "true");
  EXPECT_EQ(value_text(std::int64_t{-7}), "-7");
  EXPECT_EQ(value_text(std::optional<double>()), "~");
  EXPECT_EQ(value_text(std::optional<std::int64_t>(3)), "3");
  EXPECT_EQ(value_text(std::vector<std::int64_t>{4, 7}), "[4, 7]");
  EXPECT_EQ(value_text(std::vector<std::int64_t>{}), "[]");
  EXPECT_EQ(value_text(12.345, 1), "12.3");
  EXPECT_EQ(value_text(10.0, 0), "10");
}

TEST(settings_text, sections_are_those_asked_for) {
  settings values;
  values.parallel.time_limit = 30;
  EXPECT_EQ(settings_text(values, {"parallel"}),
            "parallel:\n  shard: none\n  time_limit: 30\n  port: 29510\n");
  const std::string both = settings_text(values, {"distill", "align"});
  EXPECT_TRUE(both.starts_with("align:\n  tokens: 20000000\n  lr_init: 0.001\n"));
  EXPECT_NE(both.find("distill:\n"), std::string::npos);
  EXPECT_EQ(both.find("model:"), std::string::npos);
}

}  // namespace settings_text_test
}  // namespace radlads::convert
