// SPDX-License-Identifier: Apache-2.0
#pragma once
// Threads that the system may refuse: a limit on processes or on memory is an error with a
// sentence.

#include "radlads/core/error.hpp"

#include <future>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace radlads {

/// Says that the system gave no thread; `where` is who asked for it.
[[noreturn]] inline void fail_thread(const std::string& where, int number, int wanted,
                                     const std::system_error& problem) {
  fail(where, ": cannot start thread ", number, " of ", wanted, ": ", problem.code().message(),
       "; fewer threads, or a higher limit, may do");
}

/// A thread that runs `work`, the `number`-th of `wanted` that `where` starts beside its own.
/// Throws `error` when the system does not give it.
template <class F>
std::jthread start_thread(const char* where, int number, int wanted, F&& work) {
  try {
    return std::jthread(std::forward<F>(work));
  } catch (const std::system_error& problem) {
    fail_thread(where, number, wanted, problem);
  }
}

/// The result of `work`, which a thread of its own computes. Throws as start_thread.
template <class F>
auto start_async(const char* where, F&& work) {
  try {
    return std::async(std::launch::async, std::forward<F>(work));
  } catch (const std::system_error& problem) {
    fail_thread(where, 1, 1, problem);
  }
}

}  // namespace radlads
