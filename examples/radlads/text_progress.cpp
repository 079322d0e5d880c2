// SPDX-License-Identifier: Apache-2.0
#include "messages.hpp"
#include "text_progress.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <unistd.h>

namespace radlads::program {

text_progress::text_progress(std::size_t total)
    : total_(std::max<std::size_t>(total, 1)),
      is_terminal_(::isatty(STDERR_FILENO) == 1),
      next_(clock::now() + std::chrono::seconds(1)) {}

text_progress::~text_progress() {
  if (is_line_open_) write_message("\n");
}

void text_progress::operator()(std::size_t done) {
  const clock::time_point now = clock::now();
  if (now < next_) return;
  next_ = now + (is_terminal_ ? std::chrono::milliseconds(200) : std::chrono::seconds(5));
  const double share = 100.0 * static_cast<double>(done) / static_cast<double>(total_);
  const double size = static_cast<double>(total_) / 1e6;
  if (is_terminal_) {
    message("\rreading text: {:.0f} % of {:.0f} MB\x1b[K", share, size);
    is_line_open_ = true;
  } else {
    message("reading text: {:.0f} % of {:.0f} MB\n", share, size);
  }
}

}  // namespace radlads::program
