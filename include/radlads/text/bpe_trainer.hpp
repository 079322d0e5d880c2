// SPDX-License-Identifier: Apache-2.0
#pragma once
// Learns a byte-level BPE vocabulary from text and writes it as tokenizer.json. The result depends
// on the text and the options alone.

#include "radlads/core/error.hpp"
#include "radlads/files/json.hpp"
#include "radlads/text/added_tokens.hpp"
#include "radlads/text/byte_level.hpp"
#include "radlads/text/split.hpp"
#include "radlads/text/unicode_normalization.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <numeric>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace radlads::text {

struct bpe_training_options {
  std::int32_t vocabulary_size = 8192;  // special tokens, 256 bytes and merges
  std::vector<std::string> special_tokens = {"<|endoftext|>"};  // the first is BOS and EOS
  split_pattern split = split_pattern::qwen2;  // Qwen2 also means normalisation form C
  std::int64_t minimum_count = 2;              // rarer pairs are not merged
};

/// A learnt vocabulary, in the byte alphabet. Ids are positions: special tokens, bytes, merges.
struct trained_bpe {
  std::vector<std::string> tokens;
  std::vector<std::pair<std::string, std::string>> merges;
};

/// Counts the pieces of texts and learns merges from the counts.
class bpe_trainer {
 public:
  /// Throws when the vocabulary has no room for the special tokens and the 256 bytes.
  explicit bpe_trainer(bpe_training_options options) : options_(std::move(options)) {
    const std::size_t smallest = options_.special_tokens.size() + 256;
    require(options_.vocabulary_size >= static_cast<std::int64_t>(smallest),
            "bpe_trainer: a vocabulary of ", options_.vocabulary_size, " tokens cannot hold ",
            options_.special_tokens.size(), " special tokens and 256 bytes");
    std::vector<added_token> special(options_.special_tokens.size());
    for (std::size_t i = 0; i < special.size(); ++i) {
      require(!options_.special_tokens[i].empty(), "bpe_trainer: special token ", i, " is empty");
      special[i].content = options_.special_tokens[i];
    }
    special_matcher_ = added_token_matcher(std::move(special));
  }

  /// Adds the pieces of UTF-8 text to the counts. Special tokens in it only end pieces. Throws when
  /// the text is not UTF-8.
  void add(std::string_view text) {
    const std::size_t broken = invalid_utf8_offset(text);
    require(broken == std::string_view::npos,
            "bpe_trainer: the text is not valid UTF-8 at byte offset ", broken, " of ",
            text.size());
    const auto count = [&](std::string_view segment) {
      for (std::size_t at = 0; at < segment.size();) {
        const std::size_t end = end_of_piece(options_.split, segment, at);
        const std::string_view piece = segment.substr(at, end - at);
        if (const auto known = piece_counts_.find(piece); known != piece_counts_.end()) {
          ++known->second;
        } else {
          piece_counts_.emplace(piece, 1);
        }
        at = end;
      }
    };
    special_matcher_.split(
        text,
        [&](std::string_view segment) {
          options_.split == split_pattern::qwen2 ? count(to_nfc(segment)) : count(segment);
        },
        [](std::int32_t) {});
  }

  /// Merges the most frequent pair, of equally frequent ones that of the lowest ids, until the
  /// vocabulary is full or no pair is frequent enough.
  trained_bpe train() const {
    training state;
    state.result.tokens = options_.special_tokens;
    const auto byte_ids = add_alphabet(state.result.tokens);
    for (std::size_t id = 0; id < state.result.tokens.size(); ++id) {
      state.id_of.emplace(state.result.tokens[id], static_cast<std::int32_t>(id));
    }
    start_words(state, byte_ids);
    while (state.result.tokens.size() < static_cast<std::size_t>(options_.vocabulary_size) &&
           !state.queue.empty()) {
      const auto [queued_count, inverted_pair] = state.queue.top();
      state.queue.pop();
      const std::uint64_t pair = ~inverted_pair;
      const std::int64_t count = state.pairs[pair].count;
      if (count < std::max<std::int64_t>(options_.minimum_count, 1)) continue;
      if (count != queued_count) {
        state.queue.emplace(count, inverted_pair);
      } else {
        merge_pair(state, pair);
      }
    }
    return std::move(state.result);
  }

 private:
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };

  struct word {
    std::vector<std::int32_t> symbols;
    std::int64_t count;
  };

  struct pair_statistics {
    std::int64_t count = 0;
    std::vector<std::size_t> words;  // where the pair is or was; may repeat
  };

  struct training {
    trained_bpe result;
    std::unordered_map<std::string, std::int32_t> id_of;
    std::vector<word> words;
    std::unordered_map<std::uint64_t, pair_statistics> pairs;
    // The count as of queueing and the inverted pair: highest count first, then lowest ids.
    std::priority_queue<std::pair<std::int64_t, std::uint64_t>> queue;
    std::vector<std::uint64_t> grown;  // pairs that became more frequent by the current merge
  };

  static std::uint64_t pair_of(std::int32_t left, std::int32_t right) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
           static_cast<std::uint32_t>(right);
  }

  /// Appends the 256 characters in the order of their code points; returns the id of each byte.
  static std::array<std::int32_t, 256> add_alphabet(std::vector<std::string>& tokens) {
    std::array<unsigned char, 256> bytes{};
    std::iota(bytes.begin(), bytes.end(), static_cast<unsigned char>(0));
    std::sort(bytes.begin(), bytes.end(), [](unsigned char a, unsigned char b) {
      return byte_character(a) < byte_character(b);
    });
    std::array<std::int32_t, 256> ids{};
    for (const unsigned char byte : bytes) {
      ids[byte] = static_cast<std::int32_t>(tokens.size());
      tokens.push_back(to_byte_alphabet(std::string(1, static_cast<char>(byte))));
    }
    return ids;
  }

  void start_words(training& state, const std::array<std::int32_t, 256>& byte_ids) const {
    for (const auto& [piece, count] : piece_counts_) {
      word& added = state.words.emplace_back(word{{}, count});
      for (const char byte : piece) {
        added.symbols.push_back(byte_ids[static_cast<unsigned char>(byte)]);
      }
      const std::size_t index = state.words.size() - 1;
      for (std::size_t i = 1; i < added.symbols.size(); ++i) {
        change(state, added.symbols[i - 1], added.symbols[i], count, index);
      }
    }
    queue_grown(state);
  }

  static void change(training& state, std::int32_t left, std::int32_t right, std::int64_t count,
                     std::size_t word_index) {
    const std::uint64_t pair = pair_of(left, right);
    pair_statistics& statistics = state.pairs[pair];
    statistics.count += count;
    if (count < 0) return;
    state.grown.push_back(pair);
    if (statistics.words.empty() || statistics.words.back() != word_index) {
      statistics.words.push_back(word_index);
    }
  }

  static void queue_grown(training& state) {
    std::sort(state.grown.begin(), state.grown.end());
    state.grown.erase(std::unique(state.grown.begin(), state.grown.end()), state.grown.end());
    for (const std::uint64_t pair : state.grown) {
      if (state.pairs[pair].count > 0) state.queue.emplace(state.pairs[pair].count, ~pair);
    }
    state.grown.clear();
  }

  static void merge_pair(training& state, std::uint64_t pair) {
    const auto left = static_cast<std::int32_t>(pair >> 32);
    const auto right = static_cast<std::int32_t>(pair & 0xFFFFFFFFu);
    auto& tokens = state.result.tokens;
    state.result.merges.emplace_back(tokens[static_cast<std::size_t>(left)],
                                     tokens[static_cast<std::size_t>(right)]);
    const auto& [first, second] = state.result.merges.back();
    const auto [known, is_new] =
        state.id_of.emplace(first + second, static_cast<std::int32_t>(tokens.size()));
    if (is_new) tokens.push_back(known->first);
    const std::vector<std::size_t> places = std::move(state.pairs[pair].words);
    state.pairs.erase(pair);
    for (const std::size_t index : places) {
      merge_in_word(state, index, left, right, known->second);
    }
    state.pairs.erase(pair);  // neighbours that were merged too have counted it down again
    queue_grown(state);
  }

  static void merge_in_word(training& state, std::size_t index, std::int32_t left,
                            std::int32_t right, std::int32_t merged) {
    const std::int64_t count = state.words[index].count;
    auto& symbols = state.words[index].symbols;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < symbols.size(); ++kept) {
      if (i + 1 == symbols.size() || symbols[i] != left || symbols[i + 1] != right) {
        symbols[kept] = symbols[i++];
        continue;
      }
      if (kept > 0) {
        change(state, symbols[kept - 1], left, -count, index);
        change(state, symbols[kept - 1], merged, count, index);
      }
      if (i + 2 < symbols.size()) {
        change(state, right, symbols[i + 2], -count, index);
        change(state, merged, symbols[i + 2], count, index);
      }
      symbols[kept] = merged;
      i += 2;
    }
    symbols.resize(kept);
  }

  bpe_training_options options_;
  added_token_matcher special_matcher_;
  std::unordered_map<std::string, std::int64_t, text_hash, std::equal_to<>> piece_counts_;
};

/// Learns a vocabulary from one text.
inline trained_bpe train_byte_level_bpe(std::string_view text, bpe_training_options options = {}) {
  bpe_trainer trainer(std::move(options));
  trainer.add(text);
  return trainer.train();
}

namespace detail {

inline files::ordered_json tokenizer_json_of(const trained_bpe& trained,
                                             const bpe_training_options& options) {
  using ordered = files::ordered_json;
  const ordered byte_level = {{"type", "ByteLevel"},
                              {"add_prefix_space", false},
                              {"trim_offsets", false},
                              {"use_regex", false}};
  ordered added = ordered::array(), vocabulary = ordered::object(), merges = ordered::array();
  for (std::size_t id = 0; id < trained.tokens.size(); ++id) vocabulary[trained.tokens[id]] = id;
  for (const auto& [left, right] : trained.merges) merges.push_back({left, right});
  for (const std::string& content : options.special_tokens) {
    added.push_back({{"id", vocabulary[content]},
                     {"content", content},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  ordered file = {{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}};
  file["added_tokens"] = added;
  file["normalizer"] = options.split == split_pattern::qwen2 ? ordered{{"type", "NFC"}} : ordered();
  file["pre_tokenizer"] = {{"type", "Sequence"},
                           {"pretokenizers",
                            {{{"type", "Split"},
                              {"pattern", {{"Regex", regex_of(options.split)}}},
                              {"behavior", "Isolated"},
                              {"invert", false}},
                             byte_level}}};
  file["post_processor"] = byte_level;
  if (!options.special_tokens.empty()) {
    const std::string& bos = options.special_tokens.front();
    const ordered text = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
    const ordered other = {{"Sequence", {{"id", "B"}, {"type_id", 0}}}};
    const ordered begin = {{"SpecialToken", {{"id", bos}, {"type_id", 0}}}};
    file["post_processor"] = {
        {"type", "TemplateProcessing"},
        {"single", {begin, text}},
        {"pair", {begin, text, other}},
        {"special_tokens", {{bos, {{"id", bos}, {"ids", {vocabulary[bos]}}, {"tokens", {bos}}}}}}};
  }
  file["decoder"] = byte_level;
  file["model"] = {{"type", "BPE"},
                   {"dropout", nullptr},
                   {"unk_token", nullptr},
                   {"continuing_subword_prefix", ""},
                   {"end_of_word_suffix", ""},
                   {"fuse_unk", false},
                   {"byte_fallback", false},
                   {"ignore_merges", false}};
  file["model"]["vocab"] = std::move(vocabulary);
  file["model"]["merges"] = std::move(merges);
  return file;
}

}  // namespace detail

/// Writes tokenizer.json and tokenizer_config.json into a folder, which must exist. `options` are
/// those of the training.
inline void write_tokenizer(const std::filesystem::path& folder, const trained_bpe& trained,
                            const bpe_training_options& options) {
  files::ordered_json config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                                {"clean_up_tokenization_spaces", false}};
  for (const char* key : {"bos_token", "eos_token"}) {
    if (!options.special_tokens.empty()) config[key] = options.special_tokens.front();
  }
  files::write_json(folder / "tokenizer.json", detail::tokenizer_json_of(trained, options), 1);
  files::write_json(folder / "tokenizer_config.json", config, 1);
}

}  // namespace radlads::text
