// SPDX-License-Identifier: Apache-2.0
#pragma once
// Unigram models: the split of a piece whose tokens have the highest sum of scores (Kudo, "Subword
// Regularization", 2018), with ties and unknown characters as the `tokenizers` library has them.

#include "radlads/core/error.hpp"
#include "radlads/text/byte_tokens.hpp"
#include "radlads/text/token_trie.hpp"
#include "radlads/text/tokenizer_description.hpp"
#include "radlads/text/unicode.hpp"
#include "radlads/text/vocabulary.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text {

/// The best split of the text in front of a place: its score, its last token and that token's
/// length, which is 0 where no split ends.
struct unigram_node {
  double score = 0;
  std::int32_t id = 0;
  std::uint32_t length = 0;  // bytes
};

/// Memory of unigram_model::encode, reused from piece to piece.
struct unigram_lattice {
  std::vector<unigram_node> nodes;
  std::vector<std::size_t> ends;  // of the tokens of the best split, the last first
};

class unigram_model {
 public:
  /// The longest token decides how often each byte of a text is read.
  static constexpr std::size_t max_token_bytes = 1024;

  unigram_model(const tokenizer_description& description, const model_tokens& tokens)
      : byte_tokens_(tokens) {
    std::vector<token_trie::entry> entries;
    for (std::size_t i = 0; i < description.scores.size(); ++i) {
      const std::string& token = tokens.all.token(static_cast<std::int32_t>(i));
      require(token.size() <= max_token_bytes, "token ", i, " has ", token.size(),
              " bytes; expected at most ", max_token_bytes, " in a Unigram model");
      entries.emplace_back(token, static_cast<std::int32_t>(i));
    }
    trie_ = token_trie(std::move(entries));
    unknown_score_ =
        *std::min_element(description.scores.begin(), description.scores.end()) - unknown_penalty;
  }

  /// Appends the ids of a piece. Throws when a character is in no token and there is no unknown
  /// token.
  void encode(const tokenizer_description& description, const model_tokens& tokens,
              std::string_view piece, unigram_lattice& memory,
              std::vector<std::int32_t>& ids) const {
    find_best(description, piece, memory.nodes);
    memory.ends.clear();
    for (std::size_t end = piece.size(); end > 0; end -= memory.nodes[end].length)
      memory.ends.push_back(end);
    const auto is_unknown = [&](std::size_t end) {
      return description.unknown_id && memory.nodes[end].id == *description.unknown_id;
    };
    for (std::size_t begin = 0; !memory.ends.empty();) {
      std::size_t end = memory.ends.back();
      memory.ends.pop_back();
      if (!is_unknown(end)) {
        ids.push_back(memory.nodes[end].id);
      } else {
        for (; !memory.ends.empty() && is_unknown(memory.ends.back()); memory.ends.pop_back())
          end = memory.ends.back();
        add_unknown(description, tokens, piece.substr(begin, end - begin), ids);
      }
      begin = end;
    }
  }

 private:
  static constexpr double unknown_penalty = 10;

  void find_best(const tokenizer_description& description, std::string_view piece,
                 std::vector<unigram_node>& nodes) const {
    nodes.assign(piece.size() + 1, {});
    for (std::size_t at = 0; at < piece.size();) {
      const std::size_t character = read_utf8(piece, at).length;
      const double before = nodes[at].score;
      bool has_character = false;
      trie_.match(piece.substr(at), [&](std::size_t length, std::int32_t id) {
        has_character = has_character || length == character;
        improve(nodes[at + length], before + description.scores[static_cast<std::size_t>(id)], id,
                length);
      });
      if (!has_character)
        improve(nodes[at + character], before + unknown_score_, description.unknown_id.value_or(-1),
                character);
      require(nodes[at + character].id >= 0,
              "encode: a character is in no token, and 'model.unk_id' names no unknown token");
      at += character;
    }
  }

  /// Of equal scores the first stays: that of the longest token.
  static void improve(unigram_node& node, double score, std::int32_t id, std::size_t length) {
    if (node.length == 0 || score > node.score)
      node = {score, id, static_cast<std::uint32_t>(length)};
  }

  /// Adds what stands for neighbouring unknown characters: the token that they happen to be, their
  /// bytes, or one unknown token.
  void add_unknown(const tokenizer_description& description, const model_tokens& tokens,
                   std::string_view text, std::vector<std::int32_t>& ids) const {
    if (const auto id = tokens.find(text)) return ids.push_back(*id);
    const auto add_byte = [&](std::int32_t id) { ids.push_back(id); };
    if (description.has_byte_fallback && byte_tokens_.spell(text, add_byte)) return;
    ids.push_back(*description.unknown_id);
  }

  token_trie trie_;
  byte_tokens byte_tokens_;
  double unknown_score_ = 0;
};

}  // namespace radlads::text
