// SPDX-License-Identifier: Apache-2.0
#pragma once
// The project's one hash: FNV-1a of names, and its form on words for large data. Both find damage
// and tell things apart; neither resists somebody who looks for a collision.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace radlads {

inline constexpr std::uint64_t fnv_offset = 0xcbf29ce484222325u;
inline constexpr std::uint64_t fnv_prime = 0x100000001b3u;

/// FNV-1a of the bytes of `text`, behind those that gave `hash`.
constexpr std::uint64_t fnv1a(std::string_view text, std::uint64_t hash = fnv_offset) {
  for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * fnv_prime;
  return hash;
}

/// Hash of a sequence of bytes given in parts of any size. Words of eight bytes go to four lanes in
/// turn, each multiplied and rotated as FNV-1a multiplies bytes, so that the speed is that of
/// memory.
class stream_hash {
 public:
  stream_hash& update(const void* data, std::size_t size) {
    const char* bytes = static_cast<const char*>(data);
    total_ += size;
    if (held_ > 0) {
      const std::size_t taken = size < stripe - held_ ? size : stripe - held_;
      std::memcpy(rest_ + held_, bytes, taken);
      held_ += taken;
      bytes += taken;
      size -= taken;
      if (held_ < stripe) return *this;
      mix(rest_);
      held_ = 0;
    }
    for (; size >= stripe; bytes += stripe, size -= stripe) mix(bytes);
    if (size > 0) std::memcpy(rest_, bytes, size);
    held_ = size;
    return *this;
  }

  stream_hash& update(std::string_view text) { return update(text.data(), text.size()); }

  /// Hash of all bytes so far; more may follow.
  std::uint64_t value() const {
    std::uint64_t hash = fnv1a({rest_, held_}, fnv_offset ^ total_);
    for (const std::uint64_t lane : lanes_) hash = step(hash, lane);
    return hash ^ (hash >> 32);
  }

 private:
  static constexpr std::size_t stripe = 32;  // bytes: a word for each lane

  // A product carries a change only upwards; the rotation brings it down, and the second product
  // spreads it, so that no flipped bit of the next word undoes it.
  static std::uint64_t step(std::uint64_t hash, std::uint64_t word) {
    return std::rotl(hash + word * 0x9e3779b97f4a7c15u, 31) * 0xd6e8feb86659fd93u;
  }

  void mix(const char* bytes) {
    std::uint64_t words[4];
    std::memcpy(words, bytes, stripe);
    for (int lane = 0; lane < 4; ++lane) lanes_[lane] = step(lanes_[lane], words[lane]);
  }

  std::uint64_t lanes_[4] = {fnv_offset, fnv_offset + 1, fnv_offset + 2, fnv_offset + 3};
  char rest_[stripe] = {};
  std::size_t held_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace radlads
