// SPDX-License-Identifier: Apache-2.0
#pragma once
// One exception type, a kind of it for memory that ran out, and the checks that throw. Messages are
// sentences with names and numbers.

#include <charconv>
#include <cmath>
#include <cstddef>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

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

/// A part of a message. A number has as many digits as tell it from every other of its type, so
/// that "1.0000001, expected at most 1" does not read "1, expected at most 1".
template <class Part>
void write_part(std::ostringstream& text, const Part& part) {
  if constexpr (std::is_same_v<Part, float> || std::is_same_v<Part, double>) {
    // Longest is a double by to_chars: sign, 17 digits, point and exponent.
    char digits[32];
    const bool is_whole = std::abs(part) < Part(1e15) && part == std::floor(part);
    const auto [end, code] =
        is_whole ? std::to_chars(digits, digits + sizeof digits, part, std::chars_format::fixed)
                 : std::to_chars(digits, digits + sizeof digits, part);
    text << std::string_view(digits, static_cast<std::size_t>(end - digits));
  } else {
    text << part;
  }
}

/// Joins its arguments into one string, by operator<< and, for numbers, write_part.
template <class... Parts>
std::string concatenate(const Parts&... parts) {
  std::ostringstream text;
  (write_part(text, parts), ...);
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
