// SPDX-License-Identifier: Apache-2.0
#pragma once
// How far the scoring of a set is.

#include <chrono>
#include <cstddef>
#include <string>

namespace radlads::program {

/// Says how many texts of a set are scored: on one line of a terminal, and now and then elsewhere.
class task_progress {
 public:
  task_progress(std::string name, std::size_t total);
  ~task_progress();
  task_progress(const task_progress&) = delete;
  task_progress& operator=(const task_progress&) = delete;

  void operator()(std::size_t done);

 private:
  using clock = std::chrono::steady_clock;

  std::string name_;
  std::size_t total_;
  bool is_terminal_, is_line_open_ = false;
  clock::time_point next_ = clock::now() + std::chrono::seconds(1);
};

}  // namespace radlads::program
