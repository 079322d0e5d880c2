// SPDX-License-Identifier: Apache-2.0
#pragma once
// How much of a text has been turned into ids, for whoever waits: on standard error, one line that
// is overwritten on a terminal and a line now and then elsewhere.

#include <chrono>
#include <cstddef>

namespace radlads::program {

/// Counts bytes of a text. Says nothing of a text that is read at once.
class text_progress {
 public:
  explicit text_progress(std::size_t total);
  ~text_progress();
  text_progress(const text_progress&) = delete;
  text_progress& operator=(const text_progress&) = delete;

  /// So many bytes are done.
  void operator()(std::size_t done);

 private:
  using clock = std::chrono::steady_clock;

  std::size_t total_;
  bool is_terminal_;
  clock::time_point next_;
  bool is_line_open_ = false;
};

}  // namespace radlads::program
