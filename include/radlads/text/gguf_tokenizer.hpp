// SPDX-License-Identifier: Apache-2.0
#pragma once
// The tokenizer inside a GGUF file, as the tokenizer.json and tokenizer_config.json that say the
// same: what reads it and what saves it then need to know one form.

#include "radlads/core/error.hpp"
#include "radlads/files/gguf.hpp"
#include "radlads/files/json.hpp"
#include "radlads/text/json_members.hpp"
#include "radlads/text/score_merges.hpp"
#include "radlads/text/split.hpp"

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

/// The two files of a tokenizer, parsed.
struct tokenizer_json_files {
  files::json tokenizer;  ///< tokenizer.json
  files::json config;     ///< tokenizer_config.json, with the chat template
};

namespace detail {

/// What a value of tokenizer.ggml.pre implies beside its split.
struct gguf_split {
  std::string_view name;
  bool adds_begin;      ///< where add_bos_token says nothing
  bool ignores_merges;  ///< a piece that is a token is taken whole
  bool is_nfc;
};

inline constexpr std::array<gguf_split, 5> gguf_splits{{{"gpt-2", false, false, false},
                                                        {"smollm", false, false, false},
                                                        {"llama-bpe", true, true, false},
                                                        {"qwen2", false, false, true},
                                                        {"tekken", true, true, false}}};

/// The split of Mistral's Tekken.
inline constexpr std::string_view tekken_regex =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

/// Kinds of tokens in tokenizer.ggml.token_type.
enum gguf_token_kind : int {
  normal_token = 1,
  unknown_token,
  control_token,
  user_token,
  unused_token,
  byte_token
};

class gguf_tokenizer_reader {
 public:
  explicit gguf_tokenizer_reader(const files::gguf_file& file)
      : file_(file),
        tokens_(file.get<files::gguf_strings>("tokenizer.ggml.tokens")),
        kinds_(read_kinds()) {
    const auto model = file.get<std::string_view>("tokenizer.ggml.model");
    require(model == "gpt2" || model == "llama", file.path(), ": \"tokenizer.ggml.model\" is \"",
            model, "\"; known are gpt2 and llama");
    is_byte_level_ = model == "gpt2";
    if (is_byte_level_) split_ = find_split();
  }

  tokenizer_json_files read() const {
    files::json out = {{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}};
    out["added_tokens"] = added_tokens();
    out["normalizer"] = normalizer();
    out["pre_tokenizer"] = pre_tokenizer();
    out["post_processor"] = post_processor();
    out["decoder"] = detokenizer();
    out["model"] = model();
    return {std::move(out), config()};
  }

 private:
  std::vector<int> read_kinds() const {
    const auto given = file_.find<files::gguf_numbers>("tokenizer.ggml.token_type");
    if (!given) return std::vector<int>(tokens_.size(), normal_token);
    require(given->size() == tokens_.size(), file_.path(), ": \"tokenizer.ggml.token_type\" has ",
            given->size(), " entries for ", tokens_.size(), " tokens");
    std::vector<int> kinds;
    for (const double number : *given) {
      const int kind = number >= 0 && number < 100 ? static_cast<int>(number) : 0;
      require(kind >= normal_token && kind <= byte_token, file_.path(), ": a token is of the type ",
              kind, ", expected 1 to 6");
      kinds.push_back(kind);
    }
    return kinds;
  }

  gguf_split find_split() const {
    const auto name = file_.get<std::string_view>("tokenizer.ggml.pre");
    std::string known;
    for (const gguf_split& each : gguf_splits) {
      if (each.name == name) return each;
      known += (known.empty() ? "" : ", ") + std::string(each.name);
    }
    fail(file_.path(), ": \"tokenizer.ggml.pre\" is \"", name, "\"; known are ", known);
  }

  /// What the key names, or else what llama.cpp takes in files of SentencePiece, whose first three
  /// tokens are these.
  std::optional<std::size_t> id_of(std::string_view key) const {
    const std::string name = "tokenizer.ggml." + std::string(key);
    const auto id = file_.find<std::int64_t>(name);
    if (!id) {
      constexpr std::array<std::string_view, 3> implied{"unknown_token_id", "bos_token_id",
                                                        "eos_token_id"};
      const auto index = static_cast<std::size_t>(std::find(implied.begin(), implied.end(), key) -
                                                  implied.begin());
      const bool is_implied = !is_byte_level_ && index < std::min(implied.size(), tokens_.size());
      return is_implied ? std::optional(index) : std::nullopt;
    }
    require(*id >= 0 && static_cast<std::size_t>(*id) < tokens_.size(), file_.path(), ": \"", name,
            "\" is ", *id, "; there are ", tokens_.size(), " tokens");
    return static_cast<std::size_t>(*id);
  }

  std::string text(std::size_t id) const { return std::string(tokens_[id]); }
  bool is_model_token(std::size_t id) const { return kinds_[id] != unused_token; }

  bool adds_begin() const {
    const bool implied = is_byte_level_ ? split_.adds_begin : true;
    return file_.find<bool>("tokenizer.ggml.add_bos_token").value_or(implied);
  }
  bool adds_end() const { return file_.find<bool>("tokenizer.ggml.add_eos_token").value_or(false); }
  bool adds_space() const {
    return file_.find<bool>("tokenizer.ggml.add_space_prefix").value_or(true);
  }

  files::json added_tokens() const {
    files::json added = files::json::array();
    for (std::size_t id = 0; id < tokens_.size(); ++id) {
      const bool is_special = kinds_[id] == control_token || kinds_[id] == unknown_token;
      if (!is_special && kinds_[id] != user_token) continue;
      added.push_back({{"id", id},
                       {"content", text(id)},
                       {"single_word", false},
                       {"lstrip", false},
                       {"rstrip", false},
                       {"normalized", false},
                       {"special", is_special}});
    }
    return added;
  }

  files::json normalizer() const {
    if (is_byte_level_) return split_.is_nfc ? files::json{{"type", "NFC"}} : files::json();
    files::json steps = files::json::array();
    if (adds_space()) steps.push_back({{"type", "Prepend"}, {"prepend", "\u2581"}});
    steps.push_back({{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "\u2581"}});
    return {{"type", "Sequence"}, {"normalizers", std::move(steps)}};
  }

  static files::json byte_level(bool uses_regex) {
    return {{"type", "ByteLevel"},
            {"add_prefix_space", false},
            {"trim_offsets", true},
            {"use_regex", uses_regex}};
  }

  static files::json split(std::string_view regex) {
    return {{"type", "Split"},
            {"pattern", {{"Regex", regex}}},
            {"behavior", "Isolated"},
            {"invert", false}};
  }

  files::json pre_tokenizer() const {
    if (!is_byte_level_) return nullptr;
    if (split_.name == "gpt-2") return byte_level(true);
    files::json steps = files::json::array();
    if (split_.name == "smollm") {
      steps.push_back({{"type", "Digits"}, {"individual_digits", true}});
    } else if (split_.name == "tekken") {
      steps.push_back(split(tekken_regex));
    } else {
      steps.push_back(
          split(regex_of(split_.name == "qwen2" ? split_pattern::qwen2 : split_pattern::llama3)));
    }
    steps.push_back(byte_level(split_.name == "smollm"));
    return {{"type", "Sequence"}, {"pretokenizers", std::move(steps)}};
  }

  /// Tokens around a text; ByteLevel, which adds none, where the file wants none.
  files::json post_processor() const {
    const auto begin = adds_begin() ? id_of("bos_token_id") : std::nullopt;
    const auto end = adds_end() ? id_of("eos_token_id") : std::nullopt;
    if (!begin && !end) return byte_level(true);
    const files::json first = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
    const files::json second = {{"Sequence", {{"id", "B"}, {"type_id", 1}}}};
    files::json single = files::json::array(), pair = files::json::array(),
                special = files::json::object();
    const auto put = [&](const std::optional<std::size_t>& id) {
      if (!id) return;
      const files::json piece = {{"SpecialToken", {{"id", text(*id)}, {"type_id", 0}}}};
      single.push_back(piece);
      pair.push_back(piece);
      special[text(*id)] = {{"id", text(*id)}, {"ids", {*id}}, {"tokens", {text(*id)}}};
    };
    put(begin);
    single.push_back(first);
    pair.push_back(first);
    pair.push_back(second);
    put(end);
    return {{"type", "TemplateProcessing"},
            {"single", std::move(single)},
            {"pair", std::move(pair)},
            {"special_tokens", std::move(special)}};
  }

  files::json detokenizer() const {
    if (is_byte_level_) return byte_level(true);
    files::json steps = {
        {{"type", "Replace"}, {"pattern", {{"String", "\u2581"}}}, {"content", " "}},
        {{"type", "ByteFallback"}},
        {{"type", "Fuse"}}};
    if (adds_space())
      steps.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
    return {{"type", "Sequence"}, {"decoders", std::move(steps)}};
  }

  files::json model() const {
    files::json vocabulary = files::json::object();
    for (std::size_t id = 0; id < tokens_.size(); ++id) {
      if (!is_model_token(id)) continue;
      require(vocabulary.emplace(text(id), id).second, file_.path(), ": two tokens are \"",
              tokens_[id], "\"");
    }
    files::json unknown;
    if (const auto id = id_of("unknown_token_id"); id && !is_byte_level_) unknown = text(*id);
    files::json out = {{"type", "BPE"},
                       {"dropout", nullptr},
                       {"unk_token", unknown},
                       {"continuing_subword_prefix", nullptr},
                       {"end_of_word_suffix", nullptr},
                       {"fuse_unk", !is_byte_level_},
                       {"byte_fallback", !is_byte_level_},
                       {"ignore_merges", is_byte_level_ && split_.ignores_merges}};
    out["merges"] = is_byte_level_ ? given_merges() : scored_merges();
    out["vocab"] = std::move(vocabulary);
    return out;
  }

  files::json given_merges() const {
    files::json merges = files::json::array();
    for (const std::string_view merge : file_.get<files::gguf_strings>("tokenizer.ggml.merges")) {
      // A token may begin with a space's letter, never with the space itself.
      const std::size_t space = merge.find(' ', 1);
      require(space != std::string_view::npos, file_.path(), ": merge ", merges.size(), " is \"",
              merge, "\", expected two tokens with a space between them");
      merges.push_back({merge.substr(0, space), merge.substr(space + 1)});
    }
    return merges;
  }

  files::json scored_merges() const {
    std::vector<merge_role> roles;
    for (const int kind : kinds_)
      roles.push_back({kind == normal_token || kind == user_token, kind != unused_token});
    files::json out = files::json::array();
    naming_file(file_.path(), [&] {
      const auto scores = file_.get<files::gguf_numbers>("tokenizer.ggml.scores");
      for (const scored_merge& each : merges_of_scores(tokens_, scores, roles))
        out.push_back({text(each.left), text(each.right)});
    });
    return out;
  }

  files::json config() const {
    files::json out = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                       {"clean_up_tokenization_spaces", false},
                       {"add_bos_token", adds_begin()},
                       {"add_eos_token", adds_end()}};
    constexpr std::array<std::array<const char*, 2>, 4> names{{{"bos_token", "bos_token_id"},
                                                               {"eos_token", "eos_token_id"},
                                                               {"unk_token", "unknown_token_id"},
                                                               {"pad_token", "padding_token_id"}}};
    for (const auto& [name, key] : names) {
      if (const auto id = id_of(key)) out[name] = text(*id);
    }
    const auto chat = file_.find<std::string_view>("tokenizer.chat_template");
    if (chat) out["chat_template"] = *chat;
    if (const auto length = file_.find<std::int64_t>(context_key()))
      out["model_max_length"] = *length;
    return out;
  }

  std::string context_key() const {
    return std::string(file_.find<std::string_view>("general.architecture").value_or("")) +
           ".context_length";
  }

  const files::gguf_file& file_;
  files::gguf_strings tokens_;
  std::vector<int> kinds_;
  bool is_byte_level_ = true;
  gguf_split split_{};
};

}  // namespace detail

/// The tokenizer of a GGUF file as Hugging Face's two files. Throws naming the file and what is
/// missing, unknown or out of range.
inline tokenizer_json_files huggingface_tokenizer(const files::gguf_file& file) {
  return detail::gguf_tokenizer_reader(file).read();
}

}  // namespace radlads::text
