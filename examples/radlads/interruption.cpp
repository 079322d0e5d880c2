// SPDX-License-Identifier: Apache-2.0
#include "interruption.hpp"

#include <csignal>
#include <cstddef>
#include <iterator>

namespace radlads::program {

namespace {

volatile std::sig_atomic_t first_signal = 0;

void note(int signal) {
  if (first_signal == 0) first_signal = signal;
  if (signal != SIGHUP) std::signal(signal, SIG_DFL);
}

}  // namespace

int stopping_signal() { return first_signal; }

void stop_as_others(int signal) {
  if (first_signal == 0) first_signal = signal;
}

interruption_guard::interruption_guard() {
  for (std::size_t i = 0; i < std::size(signals); ++i) {
    struct sigaction noting = {};
    noting.sa_handler = note;
    noting.sa_flags = SA_RESTART;
    ::sigaction(signals[i], nullptr, &before_[i]);
    if (before_[i].sa_handler != SIG_IGN) ::sigaction(signals[i], &noting, nullptr);
  }
}

interruption_guard::~interruption_guard() {
  for (std::size_t i = 0; i < std::size(signals); ++i) {
    ::sigaction(signals[i], &before_[i], nullptr);
  }
}

}  // namespace radlads::program
