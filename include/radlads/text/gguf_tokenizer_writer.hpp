// SPDX-License-Identifier: Apache-2.0
#pragma once
// A model's tokenizer and chat template as the metadata of a GGUF file. What GGUF has no key for is
// refused by name.

#include "radlads/core/error.hpp"
#include "radlads/files/gguf.hpp"
#include "radlads/files/gguf_writer.hpp"
#include "radlads/files/json.hpp"
#include "radlads/files/mapped.hpp"
#include "radlads/text/gguf_tokenizer.hpp"
#include "radlads/text/tokenizer_folder.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace radlads::text {

/// What a model says about tokens beside its tokenizer.
struct model_token_ids {
  std::int64_t vocabulary = 0;  ///< rows of the embedding: GGUF wants as many tokens
  std::optional<std::int32_t> bos, pad;
  std::vector<std::int32_t> ends;  ///< each ends a text
};

namespace detail {

/// Whether steps are one known split behind `before` other steps.
inline bool is_split(const pre_tokenizer_step& step, split_pattern pattern) {
  const auto* split = std::get_if<split_step>(&step);
  if (split == nullptr || split->behavior != split_behavior::isolated) return false;
  const auto* found = std::get_if<split_pattern>(&split->pattern);
  return found != nullptr && *found == pattern;
}

inline bool is_each_digit(const pre_tokenizer_step& step) {
  const auto* split = std::get_if<split_step>(&step);
  if (split == nullptr || split->behavior != split_behavior::isolated) return false;
  const auto* kind = std::get_if<character_kind>(&split->pattern);
  return kind != nullptr && *kind == character_kind::number;
}

/// Whether a tokenizer.json splits by the one regular expression of Tekken, which is compiled by a
/// library and then no longer comparable.
inline bool is_tekken(const json& tokenizer) {
  const json* steps = find_member(tokenizer, "pre_tokenizer");
  if (steps != nullptr && find_member(*steps, "pretokenizers"))
    steps = find_member(*steps, "pretokenizers");
  if (steps == nullptr || !steps->is_array() || steps->empty()) return false;
  const json* pattern =
      steps->front().is_object() ? find_member(steps->front(), "pattern") : nullptr;
  return pattern != nullptr && pattern->is_object() &&
         pattern->value("Regex", std::string()) == tekken_regex;
}

/// The value of tokenizer.ggml.pre that stands for a tokenizer's split.
inline gguf_split split_for_gguf(const std::filesystem::path& source,
                                 const tokenizer_description& d) {
  const auto& steps = d.pre_tokenizer.steps();
  std::string_view name;
  if (steps.size() == 1 && is_split(steps[0], split_pattern::gpt2)) name = "gpt-2";
  if (steps.size() == 1 && is_split(steps[0], split_pattern::qwen2)) name = "qwen2";
  if (steps.size() == 1 && is_split(steps[0], split_pattern::llama3)) name = "llama-bpe";
  if (steps.size() == 2 && is_each_digit(steps[0]) && is_split(steps[1], split_pattern::gpt2))
    name = "smollm";
  if (name.empty() && steps.size() == 1 && is_tekken(optional_json_file(source / "tokenizer.json")))
    name = "tekken";
  std::string known;
  for (const gguf_split& each : gguf_splits) {
    if (each.name == name) return each;
    known += (known.empty() ? "" : ", ") + std::string(each.name);
  }
  fail(source.string(),
       ": the tokenizer splits text in a way that GGUF has no name for here; known are ", known);
}

/// One tokenizer on its way to metadata.
class gguf_tokenizer_writer {
 public:
  gguf_tokenizer_writer(const std::filesystem::path& source, const model_token_ids& model)
      : source_(source), model_(model), description_(describe_tokenizer(source)) {
    require_byte_level();
    split_ = split_for_gguf(source, description_);
    require_same_rules();
  }

  void write(files::gguf_writer& file) const {
    file.add("tokenizer.ggml.model", std::string_view("gpt2"));
    file.add("tokenizer.ggml.pre", split_.name);
    write_tokens(file);
    write_merges(file);
    write_ids(file);
  }

 private:
  // SentencePiece vocabularies (tokenizer.ggml.model "llama", with scores) would branch off here.
  void require_byte_level() const {
    require(description_.is_byte_level, source_.string(),
            ": the tokenizer is not byte-level BPE; only such tokenizers are written to GGUF");
    require(description_.tokens.size() <= model_.vocabulary, source_.string(),
            ": the tokenizer has ids up to ", description_.tokens.size() - 1,
            ", the model's vocabulary is ", model_.vocabulary);
  }

  void require_same_rules() const {
    const tokenizer_description& d = description_;
    require(d.ignores_merges == split_.ignores_merges, source_.string(), ": \"ignore_merges\" is ",
            d.ignores_merges ? "true" : "false", ", which tokenizer.ggml.pre \"", split_.name,
            "\" of GGUF cannot say");
    const auto& steps = d.normalizer.steps();
    const auto* form = steps.size() == 1 ? std::get_if<normalization_form>(&steps[0]) : nullptr;
    require(steps.empty() || (form != nullptr && *form == normalization_form::nfc),
            source_.string(),
            ": the tokenizer has a normalizer that is not NFC, which GGUF cannot say");
    for (const added_token& token : d.added) {
      require(!token.strips_left && !token.strips_right && !token.is_single_word, source_.string(),
              ": added token \"", token.content,
              "\" takes white space with it or stands by itself, which GGUF cannot say");
    }
    const auto &prefix = d.post_processor.prefix(), &suffix = d.post_processor.suffix();
    const bool is_plain =
        prefix.size() <= 1 && suffix.size() <= 1 && (suffix.empty() || suffix[0] == end());
    require(is_plain, source_.string(), ": the tokenizer puts ", prefix.size(), " and ",
            suffix.size(),
            " tokens around a text, which GGUF cannot say; it has one begin and one end token");
  }

  std::optional<std::int32_t> end() const {
    return model_.ends.empty() ? description_.eos_id : model_.ends.front();
  }

  std::optional<std::int32_t> begin() const {
    const auto& prefix = description_.post_processor.prefix();
    if (!prefix.empty()) return prefix.front();
    return description_.bos_id ? description_.bos_id : model_.bos;
  }

  void write_tokens(files::gguf_writer& file) const {
    const auto count = static_cast<std::size_t>(model_.vocabulary);
    std::vector<std::string> tokens;
    std::vector<std::int32_t> kinds(count, unused_token);
    for (std::size_t id = 0; id < count; ++id) {
      const bool is_used = description_.tokens.contains(static_cast<std::int64_t>(id));
      // Rows of the embedding that are no token's want a name of their own.
      tokens.push_back(is_used ? description_.tokens.token(static_cast<std::int32_t>(id))
                               : concatenate("[PAD", id, "]"));
      if (is_used) kinds[id] = normal_token;
    }
    for (const added_token& token : description_.added) {
      kinds[static_cast<std::size_t>(token.id)] = token.is_special ? control_token : user_token;
    }
    file.add_list("tokenizer.ggml.tokens", tokens);
    file.add_list("tokenizer.ggml.token_type", kinds);
  }

  void write_merges(files::gguf_writer& file) const {
    std::vector<std::string> merges;
    for (const merge& each : description_.merges) {
      merges.push_back(description_.tokens.token(each.left) + " " +
                       description_.tokens.token(each.right));
    }
    file.add_list("tokenizer.ggml.merges", merges);
  }

  void write_ids(files::gguf_writer& file) const {
    const auto add = [&](std::string_view key, std::optional<std::int32_t> id) {
      if (id) file.add("tokenizer.ggml." + std::string(key), static_cast<std::uint32_t>(*id));
    };
    add("bos_token_id", begin());
    add("eos_token_id", end());
    add("padding_token_id", model_.pad);
    constexpr std::array<std::string_view, 2> further{"eot_token_id", "eom_token_id"};
    for (std::size_t i = 0; i < further.size() && i + 1 < model_.ends.size(); ++i)
      add(further[i], model_.ends[i + 1]);
    file.add("tokenizer.ggml.add_bos_token", !description_.post_processor.prefix().empty());
    file.add("tokenizer.ggml.add_eos_token", !description_.post_processor.suffix().empty());
  }

  std::filesystem::path source_;
  model_token_ids model_;
  tokenizer_description description_;
  gguf_split split_{};
};

/// The default chat template of a model directory as it stands in its files.
inline std::optional<std::string> chat_template_source(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / "chat_template.jinja";
  if (is_present(file)) return std::string(files::mapped_file::open(file).text());
  const std::filesystem::path config = directory / "tokenizer_config.json";
  const json settings = optional_json_file(config);
  const json* entry = find_member(settings, "chat_template");
  if (entry == nullptr || entry->is_string())
    return entry == nullptr ? std::nullopt : std::optional(entry->get<std::string>());
  for (const json& each : list_from(*entry, "chat_template")) {
    if (text_member(each, "name", "chat_template") == "default")
      return text_member(each, "template", "chat_template");
  }
  return std::nullopt;
}

/// Copies the keys of one GGUF file's tokenizer to another, whatever its kind.
inline void copy_gguf_tokenizer(const files::gguf_file& from, files::gguf_writer& to) {
  for (const auto& [key, value] : from.metadata()) {
    if (!key.starts_with("tokenizer.")) continue;
    if (const auto* flag = std::get_if<bool>(&value)) to.add(key, *flag);
    if (const auto* text = std::get_if<std::string_view>(&value)) to.add(key, *text);
    if (const auto* number = std::get_if<double>(&value)) to.add(key, static_cast<float>(*number));
    if (const auto* texts = std::get_if<files::gguf_strings>(&value)) to.add_list(key, *texts);
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
      require(*whole >= 0 && *whole <= 0xffffffff, from.path(), ": \"", key, "\" is ", *whole,
              ", expected 32 bits");
      to.add(key, static_cast<std::uint32_t>(*whole));
    }
    const auto* numbers = std::get_if<files::gguf_numbers>(&value);
    if (numbers == nullptr) continue;
    if (key == "tokenizer.ggml.token_type") {
      to.add_list(key, std::vector<std::int32_t>(numbers->begin(), numbers->end()));
    } else {
      to.add_list(key, std::vector<float>(numbers->begin(), numbers->end()));
    }
  }
}

}  // namespace detail

/// Adds the tokenizer and the chat template of a model directory or a GGUF file to the metadata of
/// another. Throws naming the source and the feature that GGUF cannot say.
inline void write_gguf_tokenizer(const std::filesystem::path& source, const model_token_ids& model,
                                 files::gguf_writer& file) {
  if (files::is_gguf(source))
    return detail::copy_gguf_tokenizer(files::gguf_file::open(source), file);
  detail::gguf_tokenizer_writer(source, model).write(file);
  const std::optional<std::string> form = detail::chat_template_source(source);
  if (form) file.add("tokenizer.chat_template", *form);
}

}  // namespace radlads::text
