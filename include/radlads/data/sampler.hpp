// SPDX-License-Identifier: Apache-2.0
#pragma once
// The order in which rows of a token stream are read. Both samplers are functions of a position,
// a plain integer that counts rows from 0: saving it is all a resumed run needs.

#include "radlads/core/error.hpp"
#include "radlads/data/token_stream.hpp"

#include <bit>
#include <cmath>
#include <cstdint>

namespace radlads::data {

/// Rows of `count` tokens that start at a multiple of `ctx`: ctx tokens, or ctx + 1 where labels
/// shifted by one are needed. Throws when there is not even one.
inline std::int64_t count_slots(std::int64_t tokens, std::int64_t ctx, std::int64_t count) {
  require(ctx > 0 && (count == ctx || count == ctx + 1), "count_slots: rows of ", count,
          " tokens for a context of ", ctx, ", expected the context or one more");
  const std::int64_t slots = (tokens - (count - ctx)) / ctx;
  require(tokens >= count && slots > 0, "the text has ", tokens, " tokens, fewer than the ", count,
          " that one row with a context of ", ctx, " needs");
  return slots;
}

/// Copies row `slot`: `count` tokens from slot * ctx on. Throws outside the stream.
inline void copy_row(const token_stream& stream, std::int64_t slot, std::int64_t ctx,
                     std::int32_t* out, std::int64_t count) {
  stream.copy(slot * ctx, count, out);
}

/// Whether a number is prime, by trial division.
inline bool is_prime(std::int64_t n) {
  if (n < 2) return false;
  for (std::int64_t d = 2; d <= n / d; ++d) {
    if (n % d == 0) return false;
  }
  return true;
}

/// Largest prime up to `slots` that is 2 modulo 3, so that cubing permutes its residues.
inline std::int64_t magic_prime(std::int64_t slots) {
  require(slots >= 2, "magic_prime: the text has ", slots,
          " rows, expected at least 2; the order epochs reads a single one");
  std::int64_t prime = slots;
  while (prime % 3 != 2 || !is_prime(prime)) --prime;
  return prime;
}

/// floor(prime * (sqrt(5) - 1) / 2), as a double cut to an integer.
inline std::int64_t magic_multiplier(std::int64_t prime) {
  return static_cast<std::int64_t>(static_cast<double>(prime) * (std::sqrt(5.0) - 1.0) / 2.0);
}

/// The published order: row (multiplier * i^3) mod prime with i = 1 + offset + position. Every
/// `prime` positions in a row visit each of the first `prime` rows once.
class cubic_sampler {
 public:
  /// Rows 0 to slots - 1, of which those from `prime` on are never read: magic_prime(slots), or
  /// another prime up to `slots` that is 2 modulo 3, for another order. `offset` starts the order
  /// elsewhere. Throws on another prime.
  cubic_sampler(std::int64_t slots, std::int64_t prime, std::int64_t offset)
      : prime_(prime), multiplier_(magic_multiplier(prime)), slots_(slots), offset_(offset) {
    require(prime <= slots && prime % 3 == 2 && is_prime(prime), "cubic_sampler: prime ", prime,
            ", expected a prime up to the ", slots, " rows that is 2 modulo 3");
    require(offset >= 0, "cubic_sampler: offset ", offset, ", expected at least 0");
  }

  std::int64_t slots() const { return slots_; }
  std::int64_t prime() const { return prime_; }
  std::int64_t multiplier() const { return multiplier_; }
  /// Share of the rows that are read, close to 1 but for tiny data.
  double coverage() const { return static_cast<double>(prime_) / static_cast<double>(slots_); }

  /// The row at a position of at least 0.
  std::int64_t slot_at(std::int64_t position) const {
    require(position >= 0, "cubic_sampler: position ", position, ", expected at least 0");
    const std::int64_t i = (1 + offset_ % prime_ + position % prime_) % prime_;
    return times(multiplier_, times(i, times(i, i)));
  }

 private:
  // The product of two residues may pass 64 bits.
  std::int64_t times(std::int64_t a, std::int64_t b) const {
    __extension__ using wide = __int128;
    return static_cast<std::int64_t>(static_cast<wide>(a) * b % prime_);
  }

  std::int64_t prime_;
  std::int64_t multiplier_;
  std::int64_t slots_;
  std::int64_t offset_;
};

/// Plain epochs: every `slots` positions visit each row once, in an order of their own for each
/// epoch and seed. Nothing is stored: the order is a Feistel permutation of the row numbers.
class epoch_sampler {
 public:
  epoch_sampler(std::int64_t slots, std::uint64_t seed) : slots_(slots), seed_(seed) {
    require(slots >= 1, "epoch_sampler: ", slots, " rows, expected at least 1");
    const auto bits = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(slots - 1)));
    half_bits_ = bits < 2 ? 1 : (bits + 1) / 2;
  }

  /// The row at a position of at least 0.
  std::int64_t slot_at(std::int64_t position) const {
    require(position >= 0, "epoch_sampler: position ", position, ", expected at least 0");
    const auto slots = static_cast<std::uint64_t>(slots_);
    const auto place = static_cast<std::uint64_t>(position);
    const std::uint64_t key = mix(seed_ + mix(place / slots + 1));
    std::uint64_t slot = permute(place % slots, key);
    // The permuted range is a power of four, up to four times too large: go on along the cycle
    // until it returns to the rows, which keeps the map one to one.
    while (slot >= slots) slot = permute(slot, key);
    return static_cast<std::int64_t>(slot);
  }

 private:
  // The finaliser of splitmix64.
  static std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  }

  std::uint64_t permute(std::uint64_t value, std::uint64_t key) const {
    constexpr std::uint64_t rounds = 8;
    const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
    std::uint64_t left = value >> half_bits_;
    std::uint64_t right = value & mask;
    for (std::uint64_t round = 0; round < rounds; ++round) {
      const std::uint64_t next = left ^ (mix(key + mix(right + (round << 32))) & mask);
      left = right;
      right = next;
    }
    return left << half_bits_ | right;
  }

  std::int64_t slots_;
  std::uint64_t seed_;
  int half_bits_ = 1;
};

}  // namespace radlads::data
