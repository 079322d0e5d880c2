// SPDX-License-Identifier: Apache-2.0
#pragma once
// Ctrl-C and SIGTERM as a question the training loop asks between steps.

#include <stdexcept>

namespace radlads::program {

/// Thrown when a run was stopped from outside and saved; the text says how to go on.
class interrupted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// While one exists, SIGINT and SIGTERM only set a flag. A second signal ends the program as usual.
class interruption_guard {
 public:
  interruption_guard();
  ~interruption_guard();
  interruption_guard(const interruption_guard&) = delete;
  interruption_guard& operator=(const interruption_guard&) = delete;

  bool is_requested() const;
};

}  // namespace radlads::program
