// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a stage shows that it runs: one line that is overwritten on a terminal, plain lines
// otherwise.

#include <chrono>
#include <cstdint>
#include <string>

namespace radlads::program {

/// Prints to standard error and measures speed.
class progress {
 public:
  /// `first` steps of `total` are done already; a step has `tokens` tokens. Without a terminal one
  /// step of `log_every` is printed, and the last.
  progress(std::string stage, std::int64_t first, std::int64_t total, std::int64_t tokens,
           std::int64_t log_every);
  ~progress();
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;

  /// After step `done` of total. Returns tokens per second since the start.
  double show(std::int64_t done, double loss, double rate);

 private:
  using clock = std::chrono::steady_clock;

  std::string stage_;
  std::int64_t first_, total_, tokens_, log_every_;
  clock::time_point start_;
  bool is_terminal_;
  bool is_line_open_ = false;
};

/// 3725 seconds as "1h 02m", 62 as "1m 02s".
std::string format_duration(double seconds);

}  // namespace radlads::program
