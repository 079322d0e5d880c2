// SPDX-License-Identifier: Apache-2.0
#include "radlads/io/metrics.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <string>

namespace radlads::io {
namespace metrics_test {

using metrics_test = test::temporary_directory;

TEST_F(metrics_test, each_line_is_there_as_soon_as_it_is_written) {
  put("m.jsonl", "older\n");
  metrics_log log = metrics_log::create(path("m.jsonl"));
  EXPECT_EQ(get("m.jsonl"), "");
  log.write(0, {{"loss", 0.25}, {"stage", "align"}, {"tokens", 16384}});
  EXPECT_EQ(get("m.jsonl"), R"({"loss":0.25,"stage":"align","step":0,"tokens":16384})"
                            "\n");
  log.write(1, {{"loss", std::numeric_limits<double>::quiet_NaN()}});
  EXPECT_TRUE(get("m.jsonl").ends_with("{\"loss\":null,\"step\":1}\n"));
}

TEST_F(metrics_test, resuming_cuts_off_later_steps) {
  {
    metrics_log log = metrics_log::create(path("m.jsonl"));
    for (int step = 0; step < 6; ++step) log.write(step, {{"loss", 1.5}});
  }
  const std::string whole = get("m.jsonl");
  metrics_log log = metrics_log::resume(path("m.jsonl"), 3);
  for (int step = 4; step < 6; ++step) log.write(step, {{"loss", 1.5}});
  EXPECT_EQ(get("m.jsonl"), whole);
}

TEST_F(metrics_test, resuming_drops_an_unfinished_line_and_keeps_lines_without_a_step) {
  put("m.jsonl", "{\"config\":1}\n{\"step\":1}\n{\"step\":2,\"lo");
  metrics_log::resume(path("m.jsonl"), 9);
  EXPECT_EQ(get("m.jsonl"), "{\"config\":1}\n{\"step\":1}\n");
}

TEST_F(metrics_test, resuming_without_a_file_starts_one) {
  metrics_log::resume(path("m.jsonl"), 9).write(10, {});
  EXPECT_EQ(get("m.jsonl"), "{\"step\":10}\n");
}

TEST_F(metrics_test, a_damaged_file_is_set_aside_and_its_good_lines_go_on) {
  const std::string damaged = "{\"step\":1}\nnonsense\n{\"step\":2}\n";
  for (const char* aside : {"m.jsonl.damaged-1", "m.jsonl.damaged-2"}) {
    put("m.jsonl", damaged);
    metrics_log log = metrics_log::resume(path("m.jsonl"), 9);
    EXPECT_TRUE(
        test::says(log.problem(), {path("m.jsonl").string(), "line 2", path(aside).string()}));
    log.write(3, {});
    EXPECT_EQ(get("m.jsonl"), "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n");
    EXPECT_EQ(get(aside), damaged);
  }
  EXPECT_EQ(metrics_log::resume(path("m.jsonl"), 9).problem(), "");
}

TEST_F(metrics_test, what_is_no_file_is_set_aside_too) {
  std::filesystem::create_directory(path("m.jsonl"));
  metrics_log::resume(path("m.jsonl"), 9).write(10, {});
  EXPECT_EQ(get("m.jsonl"), "{\"step\":10}\n");
  EXPECT_TRUE(std::filesystem::is_directory(path("m.jsonl.damaged-1")));
}

TEST_F(metrics_test, a_place_that_cannot_be_written_is_named) {
  EXPECT_TRUE(test::says(test::error_of([&] { metrics_log::create(path("none/m.jsonl")); }),
                         {path("none/m.jsonl").string(), "No such file"}));
}

}  // namespace metrics_test
}  // namespace radlads::io
