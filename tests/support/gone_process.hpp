// SPDX-License-Identifier: Apache-2.0
#pragma once
// The number of a process that has ended: what a killed run leaves in the names of its files.

#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace radlads::test {

inline pid_t gone_process() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return child;
}

/// "-PID-TICKS" of a process that is gone.
inline std::string gone_suffix(long long ticks = 7) {
  return "-" + std::to_string(gone_process()) + "-" + std::to_string(ticks);
}

}  // namespace radlads::test
