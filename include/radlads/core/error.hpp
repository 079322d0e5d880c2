// SPDX-License-Identifier: Apache-2.0
#pragma once
// One exception type, a kind of it for memory that ran out, and the checks that throw. Messages are
// sentences with names and numbers.

#include <sstream>
#include <stdexcept>
#include <string>

namespace radlads {

/// Everything this library throws. The text says what was expected, what was found, and where.
class error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Memory that a backend could not give: smaller parts of a batch may do.
class out_of_memory : public error {
 public:
  using error::error;
};

/// Joins its arguments into one string by operator<<.
template <class... Parts>
std::string concatenate(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

/// Throws `error` made of the parts. Parts are formatted only here, on the way out.
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  throw error(concatenate(parts...));
}

/// Throws `error` made of the parts unless `condition` holds; also in release builds.
template <class... Parts>
void require(bool condition, const Parts&... parts) {
  if (!condition) fail(parts...);
}

}  // namespace radlads
