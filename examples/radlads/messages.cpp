// SPDX-License-Identifier: Apache-2.0
#include "messages.hpp"
#include "radlads/core/error.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>

namespace radlads::program {

namespace {

/// A character of UTF-8 and its length in bytes; length 0 where the bytes are none.
struct character {
  std::uint32_t code = 0;
  std::size_t length = 0;
};

character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {};
  std::uint32_t code = lead & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0u) != 0x80u) return {};
    code = code << 6 | (byte & 0x3fu);
  }
  constexpr std::array<std::uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code >= 0xd800 && code < 0xe000;
  if (code < least[length] || code > 0x10ffff || is_surrogate) return {};
  return {code, length};
}

bool is_control(std::uint32_t code) { return code < 0x20 || (code >= 0x7f && code < 0xa0); }

/// Marks that reorder what stands around them, and line ends beyond ASCII.
bool is_reordering(std::uint32_t code) {
  return code == 0x61c || code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

std::string escape(std::uint32_t code) {
  if (code == '\n') return "\\n";
  if (code == '\t') return "\\t";
  if (code == '\r') return "\\r";
  return code < 0x100 ? fmt::format("\\x{:02x}", code) : fmt::format("\\u{:04x}", code);
}

bool is_mute = false;

void require_written(bool is_written) {
  if (is_written) return;
  fail("cannot write to standard output: ", std::generic_category().message(errno));
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const character next = first_character(text);
    if (next.length == 0) {
      result += escape(static_cast<unsigned char>(text.front()));
    } else if (is_control(next.code) || is_reordering(next.code)) {
      result += escape(next.code);
    } else {
      result += text.substr(0, next.length);
    }
    text.remove_prefix(next.length == 0 ? 1 : next.length);
  }
  return result;
}

void mute() { is_mute = true; }
void unmute() { is_mute = false; }

void write_message(std::string_view text) noexcept {
  if (is_mute) return;
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void write_output(std::string_view text) {
  if (is_mute) return;
  require_written(std::fwrite(text.data(), 1, text.size(), stdout) == text.size());
}

void flush_output() { require_written(std::fflush(stdout) == 0 && std::ferror(stdout) == 0); }

}  // namespace radlads::program
