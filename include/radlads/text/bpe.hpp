// SPDX-License-Identifier: Apache-2.0
#pragma once
// The merge engine of byte-pair encoding: repeatedly joins the adjacent pair of lowest rank,
// leftmost first among equals, in O(n log n) for a piece of n symbols.

#include "radlads/core/error.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

namespace radlads::text {

/// Tokens `left` and `right` next to each other become `result`.
struct merge {
  std::int32_t left, right, result;
};

/// Hash table from a pair of tokens to its rank and result.
class merge_table {
 public:
  struct entry {
    std::uint64_t pair;
    std::uint32_t rank;
    std::int32_t result;
  };

  merge_table() : merge_table(std::span<const merge>()) {}

  /// The rank of a merge is its index, or the number in its place among `ranks` where that is not
  /// empty; of two merges of one pair the later counts.
  explicit merge_table(std::span<const merge> merges, std::span<const std::uint32_t> ranks = {}) {
    require(ranks.empty() || ranks.size() == merges.size(), "merge_table: ", ranks.size(),
            " ranks for ", merges.size(), " merges");
    const std::size_t capacity = std::bit_ceil(merges.size() + merges.size() / 2 + 2);
    shift_ = 64 - std::countr_zero(capacity);
    slots_.assign(capacity, {empty, 0, 0});
    for (std::size_t rank = 0; rank < merges.size(); ++rank) {
      const merge& m = merges[rank];
      const std::uint64_t pair = key(m.left, m.right);
      slots_[slot_of(pair)] = {pair, ranks.empty() ? static_cast<std::uint32_t>(rank) : ranks[rank],
                               m.result};
    }
  }

  /// The entry of a pair, or a null pointer.
  const entry* find(std::int32_t left, std::int32_t right) const {
    const std::uint64_t pair = key(left, right);
    const entry& found = slots_[slot_of(pair)];
    return found.pair == pair ? &found : nullptr;
  }

 private:
  static constexpr std::uint64_t empty = ~std::uint64_t{0};  // ids are not negative

  static std::uint64_t key(std::int32_t left, std::int32_t right) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
           static_cast<std::uint32_t>(right);
  }

  std::size_t slot_of(std::uint64_t pair) const {
    // Fibonacci hashing: the high bits of the product depend on all bits of the pair.
    std::size_t slot = (pair * 0x9E3779B97F4A7C15u) >> shift_;
    while (slots_[slot].pair != pair && slots_[slot].pair != empty) {
      slot = (slot + 1) & (slots_.size() - 1);
    }
    return slot;
  }

  std::vector<entry> slots_;
  int shift_ = 63;
};

/// One piece of text while it is merged. Reused from piece to piece, so that memory is reused too.
class bpe_word {
 public:
  void clear() { symbols_.clear(); }
  void add(std::int32_t id) { symbols_.push_back({id, no_rank, 0, 0, 0}); }

  /// Applies the merges to the symbols added since `clear` and appends what remains to `ids`.
  void merge_into(std::vector<std::int32_t>& ids, const merge_table& merges) {
    const auto count = static_cast<std::uint32_t>(symbols_.size());
    heap_.clear();
    for (std::uint32_t i = 0; i < count; ++i) {
      symbols_[i].previous = i == 0 ? none : i - 1;
      symbols_[i].next = i + 1 == count ? none : i + 1;
      rank_pair(i, merges);
    }
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
      const std::uint64_t top = heap_.back();
      heap_.pop_back();
      const auto position = static_cast<std::uint32_t>(top);
      // The pair at a position may have changed since it was queued; then its rank differs.
      if (symbols_[position].rank == top >> 32) join(position, merges);
    }
    for (std::uint32_t i = 0; i < count; i = symbols_[i].next) ids.push_back(symbols_[i].id);
  }

 private:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::uint32_t no_rank = none;

  struct symbol {
    std::int32_t id;
    std::uint32_t rank;  // of the pair with the next symbol
    std::int32_t result;
    std::uint32_t previous, next;
  };

  void rank_pair(std::uint32_t position, const merge_table& merges) {
    symbol& left = symbols_[position];
    const auto* found = left.next == none ? nullptr : merges.find(left.id, symbols_[left.next].id);
    left.rank = found ? found->rank : no_rank;
    if (!found) return;
    left.result = found->result;
    heap_.push_back(static_cast<std::uint64_t>(found->rank) << 32 | position);
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  }

  void join(std::uint32_t position, const merge_table& merges) {
    symbol& left = symbols_[position];
    symbol& right = symbols_[left.next];
    left.id = left.result;
    right.rank = no_rank;
    left.next = right.next;
    if (left.next != none) symbols_[left.next].previous = position;
    rank_pair(position, merges);
    if (left.previous != none) rank_pair(left.previous, merges);
  }

  std::vector<symbol> symbols_;
  std::vector<std::uint64_t> heap_;  // rank in the high half, position in the low half
};

}  // namespace radlads::text
