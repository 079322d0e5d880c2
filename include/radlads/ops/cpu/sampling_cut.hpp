// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where top_k or top_p cuts, on the CPU. Nothing is sorted: a histogram over the first digit of the
// keys finds the bin with the cut, and only that bin is looked at closer.

#include "radlads/core/arena.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/ops/sampling_weight.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace radlads::cpu_detail {

/// A token near a cut: its key and its place in the list that is cut.
struct sampling_candidate {
  std::uint32_t key;
  std::int32_t place;
};

/// Sums of a measure by a digit of the keys. Neighbouring tokens add to different copies of the
/// bins, because with equal keys each addition would wait for the one before it.
class sampling_histogram {
 public:
  template <class Digit, class Measure>
  sampling_histogram(std::size_t count, const Digit& digit_of, const Measure& measure) {
    std::size_t i = 0;
    for (; i + copies <= count; i += copies) {
      for (std::size_t c = 0; c < copies; ++c) bins_[c][digit_of(i + c)] += measure(i + c);
    }
    for (; i < count; ++i) bins_[0][digit_of(i)] += measure(i);
    for (std::size_t c = 1; c < copies; ++c) {
      for (std::size_t bin = 0; bin < ops::sampling_bins; ++bin) bins_[0][bin] += bins_[c][bin];
    }
  }

  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t each : bins_[0]) sum += each;
    return sum;
  }
  /// The bin with which the sum reaches `target`, which is at most the total; the sum before the
  /// bin is taken from `target`.
  std::uint32_t bin_of(std::uint64_t& target) const {
    std::uint32_t bin = 0;
    for (; bins_[0][bin] < target; ++bin) target -= bins_[0][bin];
    return bin;
  }

 private:
  static constexpr std::size_t copies = 4;
  std::array<std::array<std::uint64_t, ops::sampling_bins>, copies> bins_{};
};

/// The first token, in order of key and then of place, with which the sum of measure(candidate)
/// reaches `target`, which is at least 1 and at most the sum over all. The candidates, which are
/// overwritten, are in order of place and agree in the first digit of their keys; the measure
/// depends on the key alone.
template <class Measure>
ops::sampling_cut cut_among(std::span<sampling_candidate> candidates, std::uint64_t target,
                            const Measure& measure) {
  const auto have_one_key = [&] {
    const std::uint32_t key = candidates.front().key;
    return std::all_of(candidates.begin(), candidates.end(),
                       [&](const sampling_candidate& each) { return each.key == key; });
  };
  for (int index = 1; index < ops::sampling_digits && !have_one_key(); ++index) {
    const ops::sampling_digit digit = ops::digit_of_key(index);
    const std::uint32_t mask = (1u << digit.bits) - 1;
    const auto digit_of = [&](std::size_t i) { return (candidates[i].key >> digit.shift) & mask; };
    const sampling_histogram sums(candidates.size(), digit_of,
                                  [&](std::size_t i) { return measure(candidates[i]); });
    const std::uint32_t bin = sums.bin_of(target);
    std::size_t count = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const bool stays = digit_of(i) == bin;
      candidates[count] = candidates[i];
      count += stays ? 1 : 0;
    }
    candidates = candidates.first(count);
  }
  const std::uint64_t before = (target - 1) / measure(candidates.front());
  return {candidates.front().key, candidates[static_cast<std::size_t>(before)].place};
}

/// The candidates with keys in [begin, end), written to `to`, which has room for all keys and one
/// more.
inline std::span<sampling_candidate> candidates_within(std::span<const std::uint32_t> keys,
                                                       std::uint32_t begin, std::uint32_t end,
                                                       sampling_candidate* to) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    to[count] = {keys[i], static_cast<std::int32_t>(i)};
    count += keys[i] - begin < end - begin ? 1 : 0;
  }
  return {to, count};
}

/// The cut at which the sum of measure(place) reaches `target` units, which is at most the sum over
/// `sums`, made of the same measure and the keys' first digit.
template <class Measure>
ops::sampling_cut find_sampling_cut(cpu_backend& b, std::span<const std::uint32_t> keys,
                                    const sampling_histogram& sums, std::uint64_t target,
                                    const Measure& measure) {
  scratch_scope<cpu_backend> scope(b);
  constexpr int shift = ops::digit_of_key(0).shift;
  const std::uint32_t bin = sums.bin_of(target);
  const auto room =
      scope.template take<sampling_candidate, 1>({static_cast<std::int64_t>(keys.size()) + 1});
  return cut_among(candidates_within(keys, bin << shift, (bin + 1) << shift, room.data()), target,
                   [&](const sampling_candidate& each) {
                     return measure(static_cast<std::size_t>(each.place));
                   });
}

}  // namespace radlads::cpu_detail
