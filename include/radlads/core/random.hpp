// SPDX-License-Identifier: Apache-2.0
#pragma once
// Counter-based random numbers (Philox 4x32, ten rounds; Salmon et al. 2011): the value at an index
// depends on seed, stream and index alone, hence not on threads, order or backend.

#include "radlads/core/config.hpp"
#include "radlads/core/hash.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace radlads {

/// Four random words of a 128-bit counter under a 64-bit key.
RADLADS_HOST_DEVICE inline std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                                               std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t first = std::uint64_t{0xD2511F53u} * counter[0];
    const std::uint64_t second = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<std::uint32_t>(second >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(second),
               static_cast<std::uint32_t>(first >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(first)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return counter;
}

/// A stream of numbers addressed by index.
struct random_stream {
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;

  RADLADS_HOST_DEVICE std::array<std::uint32_t, 4> words(std::uint64_t index) const {
    return philox({static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
                   static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)},
                  {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  }

  /// Uniform in [0, 1), 53 bits.
  RADLADS_HOST_DEVICE double uniform(std::uint64_t index) const {
    const auto w = words(index);
    const std::uint64_t bits = (std::uint64_t{w[0]} << 32) | w[1];
    return static_cast<double>(bits >> 11) * 0x1p-53;
  }

  /// Standard normal, by Box and Muller.
  RADLADS_HOST_DEVICE double normal(std::uint64_t index) const {
    const auto w = words(index);
    // The half step keeps the logarithm's argument above zero.
    const double u =
        (static_cast<double>(((std::uint64_t{w[0]} << 32) | w[1]) >> 11) + 0.5) * 0x1p-53;
    const double v = static_cast<double>(((std::uint64_t{w[2]} << 32) | w[3]) >> 11) * 0x1p-53;
    return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586476925 * v);
  }
};

/// Stream number of a name, so that a tensor's values do not depend on its neighbours.
inline std::uint64_t stream_of(std::string_view name) { return fnv1a(name); }

}  // namespace radlads
