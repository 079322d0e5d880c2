// SPDX-License-Identifier: Apache-2.0
#pragma once
// A limit on the memory that a process may address, for children that end in it.

#include <cstddef>
#include <fstream>
#include <sys/resource.h>
#include <unistd.h>

namespace radlads::test {

/// Lets this process address at most `more` bytes beyond what it does now.
inline void limit_memory(std::size_t more) {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlim_t bytes = pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) + more;
  const rlimit limit{bytes, bytes};
  ::setrlimit(RLIMIT_AS, &limit);
}

/// Whether the process may have such a limit: a sanitizer's shadow takes all addresses.
inline constexpr bool memory_can_be_limited =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    false;
#else
    true;
#endif

}  // namespace radlads::test
