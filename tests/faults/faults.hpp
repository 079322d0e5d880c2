// SPDX-License-Identifier: Apache-2.0
#pragma once
// Every call that changes files gone wrong in turn, in a child process: one that fails, a disk that
// is full or read-only from there on, a process that is killed. The shim is preloaded by ctest.

#include "radlads/core/error.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <new>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {
__attribute__((weak)) void radlads_faults_arm(const char* under, const char* what, long at,
                                              const char* log);
__attribute__((weak)) long radlads_faults_seen();
__attribute__((weak)) void radlads_faults_arm_allocation(long at, std::size_t at_least);
__attribute__((weak)) long radlads_faults_allocations();
}

namespace radlads::test {

/// How a child ended.
enum class ending { done, refused, killed, wrong };

/// Runs `act` in a child. An error is a refusal; anything else thrown, or a crash, is wrong.
template <class Arm, class Act>
ending in_child(Arm&& arm, Act&& act, bool& is_reached) {
  const pid_t child = ::fork();
  if (child == 0) {
    // A child that hangs is wrong too.
    ::alarm(20);
    int result = 2;
    const std::function<bool()> was_reached = arm();
    try {
      act();
      result = 0;
    } catch (const error&) {
      result = 1;
    } catch (const std::bad_alloc&) {
      result = 1;
    } catch (...) {
      result = 2;
    }
    ::_exit(result + (was_reached() ? 4 : 0));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  is_reached = true;
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGKILL ? ending::killed : ending::wrong;
  const int result = WEXITSTATUS(status);
  is_reached = (result & 4) != 0;
  return (result & 3) == 0 ? ending::done : (result & 3) == 1 ? ending::refused : ending::wrong;
}

/// Contents of all files below a directory, by their names in it.
inline std::map<std::string, std::string> snapshot(const std::filesystem::path& directory) {
  std::map<std::string, std::string> contents;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    contents[entry.path().lexically_relative(directory).string()] = {
        std::istreambuf_iterator<char>(file), {}};
  }
  return contents;
}

class fault_test : public temporary_directory {
 protected:
  void SetUp() override {
    ASSERT_TRUE(radlads_faults_arm != nullptr) << "the shim is not preloaded: run this by ctest";
  }

  /// For each way to go wrong and each call of `act` that changes a file in place(): `prepare` in
  /// an empty place, `act` with the fault, `check(ending, what)`, then `act` again without it,
  /// which must succeed, and `check_again()`. Returns the number of calls.
  long at_every_call(const std::function<void()>& prepare, const std::function<void()>& act,
                     const std::function<void(ending)>& check,
                     const std::function<void()>& check_again) {
    long calls = 0;
    for (const char* what : {"fail", "broken", "full", "kill"}) {
      for (long at = 1;; ++at) {
        SCOPED_TRACE(std::string(what) + " at call " + std::to_string(at));
        std::filesystem::remove_all(place());
        std::filesystem::create_directory(place());
        prepare();
        bool is_reached = false;
        const ending end = in_child(
            [&] {
              radlads_faults_arm((place().string() + "/").c_str(), what, at, nullptr);
              return [at] { return radlads_faults_seen() >= at; };
            },
            act, is_reached);
        EXPECT_NE(end, ending::wrong);
        if (!is_reached) {
          EXPECT_EQ(end, ending::done);
          calls = at - 1;
          break;
        }
        check(end);
        bool ignored = false;
        EXPECT_EQ(in_child([] { return [] { return false; }; }, act, ignored), ending::done);
        check_again();
        if (HasFailure()) return at;
      }
    }
    return calls;
  }

  /// Where faults happen: a directory of its own.
  std::filesystem::path place() const { return path("place"); }
};

}  // namespace radlads::test
