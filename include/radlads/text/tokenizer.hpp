// SPDX-License-Identifier: Apache-2.0
#pragma once
// Text to token ids and back, as the model's own files say: byte-level BPE (Qwen2, Llama-3, GPT-2),
// BPE on characters with byte fallback (Llama 2, Mistral, Gemma) and Unigram models. Reading the
// files is in tokenizer_folder.hpp.

#include "radlads/core/error.hpp"
#include "radlads/core/hash.hpp"
#include "radlads/text/added_tokens.hpp"
#include "radlads/text/bpe_model.hpp"
#include "radlads/text/detokenizer.hpp"
#include "radlads/text/piece_cache.hpp"
#include "radlads/text/tokenizer_folder.hpp"
#include "radlads/text/unigram.hpp"
#include "radlads/text/utf8_place.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace radlads::text {

struct encode_options {
  bool add_special = true;  // put the tokens of the post-processor around the text, such as a BOS
};

class tokenizer {
 public:
  explicit tokenizer(tokenizer_description description) : description_(std::move(description)) {
    is_added_.assign(static_cast<std::size_t>(vocabulary_size()), false);
    is_special_ = is_outside_model_ = is_added_;
    std::vector<added_token> raw, normalized;
    for (const added_token& token : description_.added) {
      is_added_[static_cast<std::size_t>(token.id)] = true;
      is_special_[static_cast<std::size_t>(token.id)] = token.is_special;
      is_outside_model_[static_cast<std::size_t>(token.id)] = !token.is_in_model;
      (token.is_normalized ? normalized : raw).push_back(token);
    }
    for (added_token& token : normalized) {
      const std::string content = description_.normalizer(token.content);
      if (content != token.content) normalized_contents_.emplace(token.id, content);
      token.content = content;
    }
    raw_matcher_ = added_token_matcher(std::move(raw));
    normalized_matcher_ = added_token_matcher(std::move(normalized));
    if (description_.scores.empty()) {
      model_.emplace<bpe_model>(description_, model_vocabulary());
    } else {
      model_.emplace<unigram_model>(description_, model_vocabulary());
    }
  }

  /// Loads a folder with tokenizer.json, or with vocab.json and merges.txt, or one of these files.
  static tokenizer load(const std::filesystem::path& file_or_folder) {
    return tokenizer(describe_tokenizer(file_or_folder));
  }

  /// Token ids of UTF-8 text alone. Added tokens spelled out in the text become their ids. Throws
  /// when the text is not UTF-8.
  std::vector<std::int32_t> encode(std::string_view text) const {
    encoding memory;
    return encode_with(memory, text);
  }

  /// Token ids of a whole text, with what the post-processor puts around it unless told otherwise.
  std::vector<std::int32_t> encode_document(std::string_view text,
                                            encode_options options = {}) const {
    std::vector<std::int32_t> ids = encode(text);
    if (options.add_special) description_.post_processor.wrap(ids);
    return ids;
  }

  /// Text of the ids, always valid UTF-8: U+FFFD stands for bytes that are none. Ids that are no
  /// token's contribute nothing.
  std::string decode(std::span<const std::int32_t> ids, bool skip_special = true) const {
    detokenizer_state state;
    std::string text;
    for (const std::int32_t id : ids) text += push(state, id, skip_special);
    return text += state.finish(description_.detokenizer);
  }

  /// Bytes of one token by itself, which may be part of a character; empty when no token has the
  /// id.
  std::string token_text(std::int32_t id) const {
    if (!description_.tokens.contains(id)) return {};
    return token_bytes(description_.detokenizer, spelling(id), is_added(id));
  }

  /// Hands the next id to a detokenizer and returns the text that is certain by now.
  std::string push(detokenizer_state& state, std::int32_t id, bool skip_special = true) const {
    if (!description_.tokens.contains(id) || (skip_special && is_special(id))) return {};
    return state.push(description_.detokenizer, spelling(id), is_added(id));
  }

  /// Returns what a detokenizer held back.
  std::string finish(detokenizer_state& state) const {
    return state.finish(description_.detokenizer);
  }

  /// One more than the highest id. A model may have more rows than that.
  std::int32_t vocabulary_size() const { return description_.tokens.size(); }

  /// The tokens that encode_document puts around a text.
  const text::post_processor& post_processor() const { return description_.post_processor; }

  std::optional<std::int32_t> bos_id() const { return description_.bos_id; }
  std::optional<std::int32_t> eos_id() const { return description_.eos_id; }

  /// Id of a token as the files spell it.
  std::optional<std::int32_t> id_of(std::string_view token) const {
    return description_.tokens.find(token);
  }

  /// Whether decode leaves this id out on request.
  bool is_special(std::int32_t id) const { return is_flagged(is_special_, id); }

  /// A number that two tokenizers share when they give the same ids to the same tokens (FNV-1a over
  /// the tokens in the order of their ids, each behind its id and length).
  std::uint64_t fingerprint() const {
    std::uint64_t hash = fnv_offset;
    const auto mix_number = [&](std::uint64_t number) {
      for (int shift = 0; shift < 32; shift += 8) {
        hash = fnv1a(std::string(1, static_cast<char>(number >> shift & 0xFF)), hash);
      }
    };
    for (std::int32_t id = 0; id < vocabulary_size(); ++id) {
      if (!description_.tokens.contains(id)) continue;
      const std::string& token = description_.tokens.token(id);
      mix_number(static_cast<std::uint64_t>(id));
      mix_number(token.size());
      hash = fnv1a(token, hash);
    }
    return hash;
  }

 private:
  friend class encoder;

  /// What one call of encode writes: the ids, and memory reused from piece to piece.
  struct encoding {
    std::vector<std::int32_t> ids;
    pre_tokenizer_memory pieces;
    bpe_word word;
    unigram_lattice lattice;
    bool keeps_pieces = false;
    piece_cache known;
  };

  static bool is_flagged(const std::vector<bool>& flags, std::int32_t id) {
    return id >= 0 && static_cast<std::size_t>(id) < flags.size() &&
           flags[static_cast<std::size_t>(id)];
  }

  bool is_added(std::int32_t id) const { return is_flagged(is_added_, id); }

  /// A token as it is spelled when it becomes text: an added token that is looked for in normalised
  /// text stands for its normalised form.
  const std::string& spelling(std::int32_t id) const {
    const auto found = normalized_contents_.find(id);
    return found == normalized_contents_.end() ? description_.tokens.token(id) : found->second;
  }

  model_tokens model_vocabulary() const { return {description_.tokens, is_outside_model_}; }

  std::vector<std::int32_t> encode_with(encoding& out, std::string_view text) const {
    const std::size_t broken = invalid_utf8_place(text);
    require(broken == std::string_view::npos, "encode: the text is not valid UTF-8 at byte offset ",
            broken, " of ", text.size());
    out.ids.clear();
    out.ids.reserve(text.size() / 4 + 1);
    raw_matcher_.split(
        text, [&](std::string_view raw) { encode_raw(raw, raw.data() == text.data(), out); },
        [&](std::int32_t id) { out.ids.push_back(id); });
    return std::move(out.ids);
  }

  /// Encodes text between added tokens that are looked for before normalisation.
  void encode_raw(std::string_view raw, bool is_start, encoding& out) const {
    const bool is_normal = description_.normalizer.is_empty();
    bool* keeps_start = description_.pre_tokenizer.heeds_start() ? &is_start : nullptr;
    const std::string changed =
        is_normal ? std::string() : description_.normalizer(raw, keeps_start);
    const std::string_view text = is_normal ? raw : changed;
    normalized_matcher_.split(
        text,
        [&](std::string_view segment) {
          description_.pre_tokenizer.split(
              segment, is_start && segment.data() == text.data(), out.pieces,
              [&](std::string_view piece) { encode_piece(piece, out); });
        },
        [&](std::int32_t id) { out.ids.push_back(id); });
  }

  void encode_piece(std::string_view piece, encoding& out) const {
    if (const auto* bpe = std::get_if<bpe_model>(&model_)) {
      return bpe->for_each_word(piece, [&](std::string_view word) {
        encode_known(word, out, [&] {
          bpe->encode(description_, model_vocabulary(), word, out.word, out.ids);
        });
      });
    }
    encode_known(piece, out, [&] {
      std::get<unigram_model>(model_).encode(description_, model_vocabulary(), piece, out.lattice,
                                             out.ids);
    });
  }

  /// Takes the ids of a piece from memory where they are kept, or else by `encode`.
  template <class Encode>
  static void encode_known(std::string_view piece, encoding& out, Encode&& encode) {
    if (!out.keeps_pieces) return encode();
    if (out.known.find(piece, out.ids)) return;
    const std::size_t begin = out.ids.size();
    encode();
    out.known.insert(piece, std::span(out.ids).subspan(begin));
  }

  tokenizer_description description_;
  std::variant<bpe_model, unigram_model> model_;
  added_token_matcher raw_matcher_, normalized_matcher_;
  std::unordered_map<std::int32_t, std::string> normalized_contents_;  // where normalising changes
  std::vector<bool> is_added_, is_special_, is_outside_model_;         // by id
};

}  // namespace radlads::text
