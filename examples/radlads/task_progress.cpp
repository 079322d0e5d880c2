// SPDX-License-Identifier: Apache-2.0
#include "messages.hpp"
#include "task_progress.hpp"

#include <unistd.h>
#include <utility>

namespace radlads::program {

task_progress::task_progress(std::string name, std::size_t total)
    : name_(std::move(name)), total_(total), is_terminal_(::isatty(STDERR_FILENO) == 1) {}

task_progress::~task_progress() {
  if (is_line_open_) write_message("\r\x1b[K");
}

void task_progress::operator()(std::size_t done) {
  const auto now = clock::now();
  if (now < next_) return;
  next_ = now + (is_terminal_ ? std::chrono::milliseconds(200) : std::chrono::seconds(30));
  if (is_terminal_) {
    message("\r{}: {} of {} texts\x1b[K", name_, done, total_);
    is_line_open_ = true;
  } else {
    message("{}: {} of {} texts\n", name_, done, total_);
  }
}

}  // namespace radlads::program
