// SPDX-License-Identifier: Apache-2.0
#include "radlads/core/error.hpp"
#include "standard_streams.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace radlads::program {

void prepare_standard_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest free number is this one, because those below are open by now.
    require(::open("/", O_RDONLY | O_DIRECTORY) == descriptor, "cannot reserve descriptor ",
            descriptor, ": ", std::generic_category().message(errno));
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace radlads::program
