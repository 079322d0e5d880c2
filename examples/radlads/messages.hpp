// SPDX-License-Identifier: Apache-2.0
#pragma once
// Everything the program says. Messages go to standard error and one that cannot be written is
// dropped; what a command is called for goes to standard output and is written or is an error.

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace radlads::program {

/// Text for a terminal: control characters, marks that change the direction of writing and bytes
/// that are not UTF-8 as escapes (\n, \x1b, \u202e), since names of files and tensors are others'.
std::string printable(std::string_view text);

template <class T>
decltype(auto) printable_argument(const T& value) {
  if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return printable(value);
  } else {
    return value;
  }
}

/// A format whose arguments are made printable; the format's own characters stay as they are.
template <class... Arguments>
using message_format =
    fmt::format_string<decltype(printable_argument(std::declval<const Arguments&>()))...>;

/// From now on nothing is written to standard error or output, until unmute(): of several processes
/// one speaks.
void mute();
void unmute();

/// Writes bytes to standard error as they are. What cannot be written is dropped: a run does not
/// end because nobody reads along.
void write_message(std::string_view text) noexcept;

/// A message for standard error.
template <class... Arguments>
void message(message_format<Arguments...> format, const Arguments&... arguments) {
  write_message(fmt::format(format, printable_argument(arguments)...));
}

/// Writes bytes to standard output as they are; throws when it does not take them. What is buffered
/// is written by flush_output().
void write_output(std::string_view text);

/// Throws unless everything up to here has been taken by standard output.
void flush_output();

/// A part of what the command is called for, for standard output; throws as write_output().
template <class... Arguments>
void print(message_format<Arguments...> format, const Arguments&... arguments) {
  write_output(fmt::format(format, printable_argument(arguments)...));
}

}  // namespace radlads::program
