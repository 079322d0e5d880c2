// SPDX-License-Identifier: Apache-2.0
#pragma once
// Byte-pair encoding of pieces of text: on bytes in the byte alphabet, or on characters.

#include "radlads/text/bpe.hpp"
#include "radlads/text/byte_level.hpp"
#include "radlads/text/byte_tokens.hpp"
#include "radlads/text/tokenizer_description.hpp"
#include "radlads/text/unicode.hpp"
#include "radlads/text/vocabulary.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text {

class bpe_model {
 public:
  bpe_model() = default;

  bpe_model(const tokenizer_description& description, const model_tokens& tokens)
      : merges_(description.merges, description.merge_ranks), byte_tokens_(tokens) {
    index_single_bytes(description, tokens);
    if (description.ignores_merges && description.is_byte_level) index_whole_pieces(tokens);
    cuts_words_ = !description.is_byte_level && !description.ignores_merges &&
                  tokens.find(space).has_value() && no_merge_joins_words(description);
  }

  /// Calls `on_word` for parts of a piece that are encoded independently of each other. The whole
  /// text of a model without pre-tokenizer is one piece, and most merges stay inside words.
  template <class OnWord>
  void for_each_word(std::string_view piece, OnWord&& on_word) const {
    std::size_t begin = 0;
    if (cuts_words_) {
      for (std::size_t at = piece.find(space); at != std::string_view::npos;
           at = piece.find(space, at + space.size())) {
        if (at == begin || piece.substr(0, at).ends_with(space)) continue;
        on_word(piece.substr(begin, at - begin));
        begin = at;
      }
    }
    on_word(piece.substr(begin));
  }

  /// Appends the ids of a piece. `word` is memory that is overwritten.
  void encode(const tokenizer_description& description, const model_tokens& tokens,
              std::string_view piece, bpe_word& word, std::vector<std::int32_t>& ids) const {
    if (description.ignores_merges) {
      const auto id = description.is_byte_level ? whole_pieces_.find(piece) : tokens.find(piece);
      if (id) {
        ids.push_back(*id);
        return;
      }
    }
    word.clear();
    symbol_writer writer{description, word};
    for (std::size_t at = 0; at < piece.size();) {
      const std::size_t length = description.is_byte_level ? 1 : read_utf8(piece, at).length;
      add_character(piece.substr(at, length), tokens, writer);
      at += length;
    }
    writer.flush_unknown();
    word.merge_into(ids, merges_);
  }

 private:
  static constexpr std::string_view space = "\u2581";

  /// Adds symbols to a word. An unknown token waits for the characters fused with it.
  struct symbol_writer {
    const tokenizer_description& description;
    bpe_word& word;
    bool has_unknown = false;

    void add(std::int32_t id) {
      flush_unknown();
      word.add(id);
    }

    void add_unknown() {
      if (!description.unknown_id) return;
      if (!description.fuses_unknown) flush_unknown();
      has_unknown = true;
    }

    void flush_unknown() {
      if (has_unknown) word.add(*description.unknown_id);
      has_unknown = false;
    }
  };

  void index_single_bytes(const tokenizer_description& description, const model_tokens& tokens) {
    for (std::size_t byte = 0; byte < single_byte_ids_.size(); ++byte) {
      std::string character(1, static_cast<char>(byte));
      if (description.is_byte_level) character = to_byte_alphabet(character);
      single_byte_ids_[byte] = tokens.find(character).value_or(-1);
    }
  }

  void index_whole_pieces(const model_tokens& tokens) {
    for (std::int32_t id = 0; id < tokens.all.size(); ++id) {
      if (!tokens.holds(id)) continue;
      auto bytes = from_byte_alphabet(tokens.all.token(id));
      if (bytes) whole_pieces_.insert(*std::move(bytes), id);
    }
  }

  static bool no_merge_joins_words(const tokenizer_description& description) {
    return std::none_of(description.merges.begin(), description.merges.end(), [&](const merge& m) {
      return description.tokens.token(m.right).starts_with(space) &&
             !description.tokens.token(m.left).ends_with(space);
    });
  }

  /// Adds the symbol of one byte of the byte alphabet, or of one character.
  void add_character(std::string_view character, const model_tokens& tokens,
                     symbol_writer& writer) const {
    std::optional<std::int32_t> id;
    if (character.size() == 1) {
      const std::int32_t known = single_byte_ids_[static_cast<unsigned char>(character[0])];
      if (known >= 0) id = known;
    } else {
      id = tokens.find(character);
    }
    if (id) return writer.add(*id);
    const tokenizer_description& description = writer.description;
    const std::string spelled =
        description.is_byte_level ? to_byte_alphabet(character) : std::string(character);
    // Byte tokens pass by an unknown token that waits, as in the reference library.
    const auto add_byte = [&](std::int32_t byte) { writer.word.add(byte); };
    if (description.has_byte_fallback && byte_tokens_.spell(spelled, add_byte)) return;
    writer.add_unknown();
  }

  merge_table merges_;
  byte_tokens byte_tokens_;
  std::array<std::int32_t, 256> single_byte_ids_{};  // -1: none
  vocabulary whole_pieces_;  // bytes of the tokens, for ignores_merges with the byte alphabet
  bool cuts_words_ = false;
};

}  // namespace radlads::text
