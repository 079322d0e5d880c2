// SPDX-License-Identifier: Apache-2.0
#pragma once
// Finds many words in a text in time that does not depend on the words: Aho and Corasick's
// automaton ("Efficient string matching", 1975), run from the end of the text to its beginning.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::text {

/// A word and where it stands in a text.
struct word_match {
  std::size_t begin;
  std::uint32_t word;  // its index among the words
};

/// The words of a set that begin at each place of a text, the longest of each place.
///
/// The automaton reads the words backwards. So its state at a place knows which words begin there,
/// and one pass finds the longest of each; a pass that reads forwards learns only what ends there,
/// and would have to read again whatever a longer word promised and did not keep.
class token_automaton {
 public:
  token_automaton() { nodes_.emplace_back(); }

  /// Of equal words the first counts. Empty words are in no text.
  explicit token_automaton(std::span<const std::string> words) : token_automaton() {
    for (std::size_t i = 0; i < words.size(); ++i) insert(words[i], static_cast<std::uint32_t>(i));
    link();
  }

  bool is_empty() const { return nodes_.size() == 1; }

  /// Appends to `out` the longest word of each place where one begins, the last place first.
  void find(std::string_view text, std::vector<word_match>& out) const {
    std::uint32_t state = root;
    for (std::size_t at = text.size(); at-- > 0;) {
      state = next(state, static_cast<unsigned char>(text[at]));
      const node& reached = nodes_[state];
      if (reached.longest != none) out.push_back({at, reached.longest});
    }
  }

 private:
  static constexpr std::uint32_t root = 0, none = ~std::uint32_t{0};

  struct node {
    std::uint32_t fallback = root;  // the longest other node that ends as this one does
    std::uint32_t longest = none;   // the longest word that ends as this node does
    std::uint32_t parent = root;
    unsigned char byte = 0;
  };

  /// Hash table of edges but those of the root: node and byte to node.
  struct edge {
    std::uint64_t key = ~std::uint64_t{0};
    std::uint32_t to = none;
  };

  void insert(const std::string& word, std::uint32_t index) {
    if (word.empty()) return;
    std::uint32_t state = root;
    for (std::size_t i = word.size(); i-- > 0;) {
      state = child_or_new(state, static_cast<unsigned char>(word[i]));
    }
    if (nodes_[state].longest == none) nodes_[state].longest = index;
  }

  std::uint32_t child_or_new(std::uint32_t state, unsigned char byte) {
    const std::uint32_t known = child(state, byte);
    if (known != none) return known;
    const auto added = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back({root, none, state, byte});
    if (state == root) {
      root_children_[byte] = added;
      return added;
    }
    if (2 * nodes_.size() > edges_.size()) grow();
    edges_[slot_of(key_of(state, byte))] = {key_of(state, byte), added};
    return added;
  }

  /// Children come after their parents, but a fallback may be any shorter node: nodes are linked by
  /// their depth.
  void link() {
    std::vector<std::uint32_t> depth(nodes_.size(), 0), order(nodes_.size());
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
      if (i != root) depth[i] = depth[nodes_[i].parent] + 1;
      order[i] = i;
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return depth[a] < depth[b]; });
    for (const std::uint32_t i : order) {
      node& linked = nodes_[i];
      if (depth[i] > 1) linked.fallback = next(nodes_[linked.parent].fallback, linked.byte);
      if (linked.longest == none) linked.longest = nodes_[linked.fallback].longest;
    }
  }

  std::uint32_t child(std::uint32_t state, unsigned char byte) const {
    if (state == root) return root_children_[byte];
    return edges_.empty() ? none : edges_[slot_of(key_of(state, byte))].to;
  }

  std::uint32_t next(std::uint32_t state, unsigned char byte) const {
    while (true) {
      const std::uint32_t to = child(state, byte);
      if (to != none) return to;
      if (state == root) return root;
      state = nodes_[state].fallback;
    }
  }

  static std::uint64_t key_of(std::uint32_t state, unsigned char byte) {
    return std::uint64_t{state} << 8 | byte;
  }

  std::size_t slot_of(std::uint64_t key) const {
    const std::size_t mask = edges_.size() - 1;
    std::size_t slot = (key * 0x9E3779B97F4A7C15u) >> 32 & mask;
    while (edges_[slot].key != key && edges_[slot].to != none) slot = (slot + 1) & mask;
    return slot;
  }

  void grow() {
    const std::vector<edge> old = std::move(edges_);
    edges_.assign(std::bit_ceil(4 * nodes_.size()), edge());
    for (const edge& e : old) {
      if (e.to != none) edges_[slot_of(e.key)] = e;
    }
  }

  std::vector<node> nodes_;
  std::vector<edge> edges_;
  std::array<std::uint32_t, 256> root_children_ = no_children();

  static constexpr std::array<std::uint32_t, 256> no_children() {
    std::array<std::uint32_t, 256> children{};
    for (std::uint32_t& child : children) child = none;
    return children;
  }
};

}  // namespace radlads::text
