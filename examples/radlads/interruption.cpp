// SPDX-License-Identifier: Apache-2.0
#include "interruption.hpp"

#include <csignal>

namespace radlads::program {

namespace {

volatile std::sig_atomic_t is_stopping = 0;

void note(int signal) {
  is_stopping = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

interruption_guard::interruption_guard() {
  is_stopping = 0;
  std::signal(SIGINT, note);
  std::signal(SIGTERM, note);
}

interruption_guard::~interruption_guard() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool interruption_guard::is_requested() const { return is_stopping != 0; }

}  // namespace radlads::program
