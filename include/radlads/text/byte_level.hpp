// SPDX-License-Identifier: Apache-2.0
#pragma once
// The alphabet of byte-level BPE: each byte is written as one printable character.

#include "radlads/text/unicode.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace radlads::text {

namespace detail {

constexpr std::array<char32_t, 256> byte_alphabet() {
  std::array<char32_t, 256> alphabet{};
  char32_t next = 0x100;
  for (char32_t byte = 0; byte < 256; ++byte) {
    const bool is_printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
    alphabet[byte] = is_printable ? byte : next++;
  }
  return alphabet;
}

inline constexpr std::array<char32_t, 256> byte_characters = byte_alphabet();

constexpr std::array<int, 324> alphabet_bytes() {
  std::array<int, 324> bytes{};
  for (int& byte : bytes) byte = -1;
  for (std::size_t byte = 0; byte < 256; ++byte)
    bytes[byte_characters[byte]] = static_cast<int>(byte);
  return bytes;
}

inline constexpr std::array<int, 324> character_bytes = alphabet_bytes();

}  // namespace detail

/// The character that stands for a byte: itself when printable, otherwise U+0100 to U+0143.
constexpr char32_t byte_character(unsigned char byte) { return detail::byte_characters[byte]; }

/// Bytes written in the alphabet.
inline std::string to_byte_alphabet(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) append_utf8(out, byte_character(static_cast<unsigned char>(byte)));
  return out;
}

/// The bytes that text in the alphabet stands for; nothing when a character is outside of it.
inline std::optional<std::string> from_byte_alphabet(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size();) {
    const utf8_sequence sequence = read_utf8(text, at);
    const std::size_t index = sequence.code_point;
    if (sequence.status != utf8_status::valid || index >= detail::character_bytes.size()) return {};
    if (detail::character_bytes[index] < 0) return {};
    bytes.push_back(static_cast<char>(detail::character_bytes[index]));
    at += sequence.length;
  }
  return bytes;
}

}  // namespace radlads::text
