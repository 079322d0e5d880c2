// SPDX-License-Identifier: Apache-2.0
#pragma once
// Finds the tokens of a vocabulary that a text begins with.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text {

/// A tree of the bytes of tokens. The children of a node lie side by side, ordered by their bytes,
/// and behind those of the nodes before it.
class token_trie {
 public:
  using entry = std::pair<std::string_view, std::int32_t>;

  token_trie() : token_trie(std::vector<entry>()) {}

  /// Tokens with their ids; no two tokens are equal, and empty ones are in no text.
  explicit token_trie(std::vector<entry> tokens) {
    std::erase_if(tokens, [](const entry& token) { return token.first.empty(); });
    std::sort(tokens.begin(), tokens.end());
    std::vector<range> waiting{{0, tokens.size(), 0}};  // of each node, in the order of the nodes
    nodes_.push_back({0, no_token, 0});
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      nodes_[i].first_child = static_cast<std::uint32_t>(nodes_.size());
      add_children(tokens, waiting[i], waiting);
    }
    nodes_.push_back({static_cast<std::uint32_t>(nodes_.size()), no_token, 0});  // ends the last
    for (std::uint32_t child = nodes_[0].first_child; child < nodes_[1].first_child; ++child)
      root_children_[nodes_[child].byte] = child;
  }

  /// Calls `on_token(length, id)` for the tokens that `text` begins with, the shortest first.
  template <class OnToken>
  void match(std::string_view text, OnToken&& on_token) const {
    if (text.empty()) return;
    std::uint32_t at = root_children_[static_cast<unsigned char>(text[0])];
    for (std::size_t length = 1; at != 0; ++length) {
      if (nodes_[at].token != no_token) on_token(length, nodes_[at].token);
      if (length == text.size()) return;
      at = child(at, static_cast<unsigned char>(text[length]));
    }
  }

 private:
  static constexpr std::int32_t no_token = -1;

  struct node {
    std::uint32_t first_child;
    std::int32_t token;
    unsigned char byte;
  };

  /// Sorted tokens [begin, end) that share their first `depth` bytes.
  struct range {
    std::size_t begin, end, depth;
  };

  void add_children(const std::vector<entry>& tokens, range of, std::vector<range>& waiting) {
    const auto byte_at = [&](std::size_t i) {
      return static_cast<unsigned char>(tokens[i].first[of.depth]);
    };
    // The token that ends at the node itself is the first of its range.
    if (of.depth > 0 && tokens[of.begin].first.size() == of.depth) ++of.begin;
    while (of.begin < of.end) {
      const unsigned char byte = byte_at(of.begin);
      std::size_t end = of.begin + 1;
      while (end < of.end && byte_at(end) == byte) ++end;
      const bool is_token = tokens[of.begin].first.size() == of.depth + 1;
      nodes_.push_back({0, is_token ? tokens[of.begin].second : no_token, byte});
      waiting.push_back({of.begin, end, of.depth + 1});
      of.begin = end;
    }
  }

  /// The child of a node that is not the root; 0 when it has none.
  std::uint32_t child(std::uint32_t parent, unsigned char byte) const {
    const auto begin = nodes_.begin() + nodes_[parent].first_child;
    const auto end = nodes_.begin() + nodes_[parent + 1].first_child;
    const auto found =
        std::lower_bound(begin, end, byte,
                         [](const node& each, unsigned char wanted) { return each.byte < wanted; });
    if (found == end || found->byte != byte) return 0;
    return static_cast<std::uint32_t>(found - nodes_.begin());
  }

  std::vector<node> nodes_;
  std::array<std::uint32_t, 256> root_children_{};  // 0: none
};

}  // namespace radlads::text
