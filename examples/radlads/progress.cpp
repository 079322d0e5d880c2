// SPDX-License-Identifier: Apache-2.0
#include "messages.hpp"
#include "progress.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>
#include <unistd.h>
#include <utility>

namespace radlads::program {

progress::progress(std::string stage, std::int64_t first, std::int64_t total, std::int64_t tokens,
                   std::int64_t log_every)
    : stage_(std::move(stage)),
      first_(first),
      total_(total),
      tokens_(tokens),
      log_every_(log_every),
      start_(clock::now()),
      is_terminal_(::isatty(STDERR_FILENO) == 1) {}

progress::~progress() {
  if (is_line_open_) write_message("\n");
}

double progress::show(std::int64_t done, double loss, double rate) {
  const double seconds = std::chrono::duration<double>(clock::now() - start_).count();
  const auto steps = static_cast<double>(done - first_);
  const double speed = steps * static_cast<double>(tokens_) / std::max(seconds, 1e-9);
  if (!is_terminal_ && done % log_every_ != 0 && done != total_) return speed;
  const double left = seconds / steps * static_cast<double>(total_ - done);
  const std::string line =
      fmt::format("{} {}/{}  loss {:.5f}  rate {:.2e}  {:.0f} tokens/s  {} left", stage_, done,
                  total_, loss, rate, speed, format_duration(left));
  if (is_terminal_) {
    // The escape clears what a longer line left behind.
    message("\r{}\x1b[K", line);
    is_line_open_ = true;
  } else {
    message("{}\n", line);
  }
  return speed;
}

std::string format_duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole >= 3600) return fmt::format("{}h {:02}m", whole / 3600, whole / 60 % 60);
  if (whole >= 60) return fmt::format("{}m {:02}s", whole / 60, whole % 60);
  return fmt::format("{}s", whole);
}

}  // namespace radlads::program
