// SPDX-License-Identifier: Apache-2.0
#pragma once
// Ctrl-C, SIGTERM and a terminal that goes away as a question the training loop asks between steps.

#include <csignal>

namespace radlads::program {

/// The signal that asked the program to stop, 0 while none has.
int stopping_signal();

/// Takes a signal that another process of this run was sent for one of its own.
void stop_as_others(int signal);

/// While one exists, SIGINT, SIGTERM and SIGHUP only set a flag, which stays set for the next one.
/// A second SIGINT or SIGTERM ends the program as usual; a second SIGHUP does not, because a shell
/// and the kernel both send one when a terminal closes. A signal that was ignored when the program
/// started, as nohup does, stays ignored.
class interruption_guard {
 public:
  interruption_guard();
  ~interruption_guard();
  interruption_guard(const interruption_guard&) = delete;
  interruption_guard& operator=(const interruption_guard&) = delete;

  bool is_requested() const { return stopping_signal() != 0; }

 private:
  static constexpr int signals[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction before_[3] = {};
};

}  // namespace radlads::program
