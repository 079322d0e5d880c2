// SPDX-License-Identifier: Apache-2.0
#include "messages.hpp"
#include "progress.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <unistd.h>

namespace radlads::program {

progress::progress(const convert::stage_start& start)
    : start_(start), is_terminal_(::isatty(STDERR_FILENO) == 1) {}

progress::~progress() {
  if (is_line_open_) write_message("\n");
}

void progress::show(const convert::stage_progress& now) {
  const bool is_last = now.steps_done == start_.steps;
  if (!is_terminal_ && now.steps_done % start_.log_every != 0 && !is_last) return;
  const std::string line = fmt::format(
      "{} {}/{}  loss {:.5f}  rate {:.2e}  {:.0f} tokens/s  {} left", start_.stage, now.steps_done,
      start_.steps, now.loss, now.rate, now.tokens_per_second, format_duration(now.seconds_left));
  if (is_terminal_) {
    // The escape clears what a longer line left behind.
    message("\r{}\x1b[K", line);
    is_line_open_ = true;
  } else {
    message("{}\n", line);
  }
}

std::string format_duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole >= 3600) return fmt::format("{}h {:02}m", whole / 3600, whole / 60 % 60);
  if (whole >= 60) return fmt::format("{}m {:02}s", whole / 60, whole % 60);
  return fmt::format("{}s", whole);
}

}  // namespace radlads::program
