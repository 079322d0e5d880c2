// SPDX-License-Identifier: Apache-2.0
#pragma once
// Remembers the ids of short pieces of text: most words of a text are few, and merging them is most
// of the time of encoding.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace radlads::text {

/// A table of pieces of up to 15 bytes with up to five ids, each in the one slot that its hash
/// says; the later of two pieces of one slot stays. Half a megabyte, so that it stays near the
/// core.
class piece_cache {
 public:
  static constexpr std::size_t longest_piece = 15, most_ids = 5;

  /// Copies begin empty: what is remembered saves time and is nothing else.
  piece_cache() = default;
  piece_cache(const piece_cache&) {}
  piece_cache& operator=(const piece_cache&) { return *this; }

  /// Appends the ids of a piece to `ids`; false when they are not remembered.
  bool find(std::string_view piece, std::vector<std::int32_t>& ids) const {
    if (piece.size() > longest_piece || entries_.empty()) return false;
    const key_type key = key_of(piece);
    const entry& known = entries_[slot_of(key)];
    if (known.key != key) return false;
    ids.insert(ids.end(), known.ids.begin(), known.ids.begin() + known.count);
    return true;
  }

  /// Remembers the ids of a piece unless one of them is too long.
  void insert(std::string_view piece, std::span<const std::int32_t> ids) {
    if (piece.size() > longest_piece || ids.size() > most_ids) return;
    if (entries_.empty()) entries_.resize(std::size_t{1} << slot_bits);
    const key_type key = key_of(piece);
    entry& slot = entries_[slot_of(key)];
    slot.key = key;
    slot.count = static_cast<std::int32_t>(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) slot.ids[i] = ids[i];
  }

 private:
  static constexpr int slot_bits = 14;
  using key_type = std::array<std::uint64_t, 2>;

  struct entry {
    key_type key{~std::uint64_t{0}, ~std::uint64_t{0}};  // no piece has this length
    std::int32_t count = 0;
    std::array<std::int32_t, most_ids> ids{};
  };

  /// The bytes, zeros behind them, and the length in the last byte.
  static key_type key_of(std::string_view piece) {
    std::array<char, 16> bytes{};
    std::memcpy(bytes.data(), piece.data(), piece.size());
    bytes.back() = static_cast<char>(piece.size());
    key_type key;
    std::memcpy(key.data(), bytes.data(), bytes.size());
    return key;
  }

  static std::size_t slot_of(const key_type& key) {
    const std::uint64_t mixed = (key[0] ^ key[1] * 0xd6e8feb86659fd93u) * 0x9e3779b97f4a7c15u;
    return (mixed ^ mixed >> 32) * 0x9e3779b97f4a7c15u >> (64 - slot_bits);
  }

  std::vector<entry> entries_;
};

}  // namespace radlads::text
