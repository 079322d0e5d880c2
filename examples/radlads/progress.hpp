// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a stage shows that it runs: one line that is overwritten on a terminal, plain lines
// otherwise.

#include "radlads/convert/observer.hpp"

#include <string>

namespace radlads::program {

/// Prints to standard error.
class progress {
 public:
  /// Without a terminal one step of `log_every` is printed, and the last.
  explicit progress(const convert::stage_start& start);
  ~progress();
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;

  /// After a step.
  void show(const convert::stage_progress& now);

 private:
  convert::stage_start start_;
  bool is_terminal_;
  bool is_line_open_ = false;
};

/// 3725 seconds as "1h 02m", 62 as "1m 02s".
std::string format_duration(double seconds);

}  // namespace radlads::program
