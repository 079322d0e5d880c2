// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reads the tokenizer of a model folder: tokenizer.json, or else vocab.json with merges.txt; and
// tokenizer_config.json, which says which tokens begin and end a text.

#include "radlads/core/error.hpp"
#include "radlads/files/gguf.hpp"
#include "radlads/files/json.hpp"
#include "radlads/files/mapped.hpp"
#include "radlads/text/gguf_tokenizer.hpp"
#include "radlads/text/score_merges.hpp"
#include "radlads/text/tokenizer_file.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace radlads::text {

namespace detail {

/// Whether something has this name; what cannot be asked counts as absent.
inline bool is_present(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

/// Reads a JSON file, which must hold an object; an empty object when there is none.
inline json optional_json_file(const std::filesystem::path& path) {
  if (!is_present(path)) return json::object();
  json content = files::read_json(path);
  require(content.is_object(), path.string(), ": is ", content.type_name(), "; expected an object");
  return content;
}

/// The text of a token that a config names either as a string or as an object with a "content".
inline std::optional<std::string> named_token(const json& config, const char* key) {
  const json* value = find_member(config, key);
  if (!value) return {};
  if (value->is_string()) return value->get<std::string>();
  return text_member(*value, "content", key);
}

inline void read_merges_text(const std::filesystem::path& path, tokenizer_description& out) {
  const files::mapped_file file = files::mapped_file::open(path);
  const std::string_view content = file.text();
  std::size_t line_number = 0;
  for (std::size_t at = 0; at < content.size();) {
    const std::size_t end = std::min(content.find('\n', at), content.size());
    std::string_view line = content.substr(at, end - at);
    at = end + 1;
    ++line_number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || (line_number == 1 && line.starts_with("#version"))) continue;
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos) {
      fail(path.string(), ": line ", line_number, " is '", line,
           "'; expected two tokens with one space between");
    }
    naming_file(concatenate(path.string(), ": line ", line_number), [&] {
      add_merge(out, std::string(line.substr(0, space)), std::string(line.substr(space + 1)));
    });
  }
}

/// Which split a folder without tokenizer.json wants, from the names its configs give.
inline split_pattern split_of_folder(const std::filesystem::path& folder, const json& config) {
  const auto name_in = [&](const json& file, const char* file_name, const char* key) {
    return naming_file(folder / file_name, [&] {
      return find_member(file, key) ? text_member(file, key, file_name) : std::string();
    });
  };
  std::string name = name_in(config, "tokenizer_config.json", "tokenizer_class");
  if (name.empty()) {
    name = name_in(optional_json_file(folder / "config.json"), "config.json", "model_type");
  }
  if (name == "Qwen2Tokenizer" || name == "Qwen2TokenizerFast" || name == "qwen2" ||
      name == "qwen3") {
    return split_pattern::qwen2;
  }
  require(name == "GPT2Tokenizer" || name == "GPT2TokenizerFast" || name == "gpt2", folder.string(),
          ": has no tokenizer.json, and the tokenizer class or model type is '", name,
          "'; known: Qwen2Tokenizer, GPT2Tokenizer, qwen2, qwen3, gpt2");
  return split_pattern::gpt2;
}

/// The contents of the tokens that a config names by their part, such as "eos_token".
inline std::set<std::string> special_tokens_of(const json& config) {
  std::set<std::string> contents;
  for (const char* key : {"bos_token", "eos_token", "unk_token", "pad_token"}) {
    if (auto content = named_token(config, key)) contents.insert(*std::move(content));
  }
  constexpr const char* more = "additional_special_tokens";
  const json* list = find_member(config, more);
  if (!list) return contents;
  for (const json& entry : list_from(*list, more)) {
    contents.insert(entry.is_string() ? entry.get<std::string>()
                                      : text_member(entry, "content", more));
  }
  return contents;
}

/// An id written as a key: digits alone.
inline std::int64_t id_from_key(const std::string& key, std::string_view where) {
  std::int64_t id = 0;
  const char* end = key.data() + key.size();
  const auto [stop, problem] = std::from_chars(key.data(), end, id);
  require(problem == std::errc() && stop == end && id >= 0, "'", where, "' has the key '", key,
          "'; expected the id of a token");
  return id;
}

/// The properties that a config gives to added tokens, by id.
inline std::map<std::int64_t, added_token> added_tokens_of_config(const json& config) {
  constexpr const char* key = "added_tokens_decoder";
  std::map<std::int64_t, added_token> tokens;
  const json* known = find_member(config, key);
  if (!known) return tokens;
  for (const auto& [name, entry] : object_from(*known, key).items()) {
    const std::int64_t id = id_from_key(name, key);
    tokens.insert_or_assign(id, added_token_from(entry, id));
  }
  return tokens;
}

/// Added tokens of a folder without tokenizer.json: tokenizer_config.json knows their properties,
/// added_tokens.json only their ids.
inline void read_folder_added_tokens(const std::filesystem::path& folder, const json& config,
                                     tokenizer_description& out) {
  std::map<std::int64_t, added_token> tokens;
  std::set<std::string> special;
  naming_file(folder / "tokenizer_config.json", [&] {
    tokens = added_tokens_of_config(config);
    special = special_tokens_of(config);
  });
  const auto add = [&](std::int64_t id, const std::string& content, bool is_special) {
    added_token token;
    token.content = content;
    token.id = static_cast<std::int32_t>(id);
    token.is_special = is_special;
    token.is_normalized = !is_special;
    tokens.emplace(id, token);
  };
  json ids = optional_json_file(folder / "added_tokens.json");
  const files::json_clearer clearer(ids);
  naming_file(folder / "added_tokens.json", [&] {
    for (const auto& [content, id] : ids.items()) {
      add(id_from(id, content), content, special.contains(content));
    }
  });
  // Both families have this token, and some of their configs leave it unsaid.
  const std::string end_of_text = "<|endoftext|>";
  if (const auto id = out.tokens.find(end_of_text)) add(*id, end_of_text, true);
  naming_file(folder, [&] {
    for (const auto& [id, token] : tokens) add_token(token, id, out);
  });
}

inline tokenizer_description describe_vocab_and_merges(const std::filesystem::path& folder,
                                                       const json& config) {
  tokenizer_description out;
  const split_pattern split = split_of_folder(folder, config);
  read_json_file(folder / "vocab.json",
                 [&](const json& file) { read_vocabulary(file, out.tokens); });
  read_merges_text(folder / "merges.txt", out);
  read_folder_added_tokens(folder, config, out);
  if (split == split_pattern::qwen2) {
    out.normalizer = normalizer(std::vector<normalizer_step>{normalization_form::nfc});
  }
  const bool adds_prefix_space = naming_file(folder / "tokenizer_config.json", [&] {
    return flag_member(config, "add_prefix_space", false);
  });
  std::vector<pre_tokenizer_step> steps;
  add_byte_level(steps, adds_prefix_space, false);
  steps.emplace_back(split_step{split});
  out.pre_tokenizer = pre_tokenizer(std::move(steps));
  out.is_byte_level = true;
  out.detokenizer.is_byte_level = true;
  return out;
}

inline std::optional<std::int32_t> named_id(const json& config, const char* key,
                                            const tokenizer_description& description) {
  const auto name = named_token(config, key);
  if (!name) return {};
  const auto id = description.tokens.find(*name);
  require(id.has_value(), "'", key, "' is '", *name, "', which is no token");
  return id;
}

}  // namespace detail

namespace detail {

/// Takes the begin and end tokens of a parsed tokenizer_config.json, and whether a begin token is
/// put in front.
inline void read_config_tokens(const json& config, tokenizer_description& out) {
  out.bos_id = named_id(config, "bos_token", out);
  out.eos_id = named_id(config, "eos_token", out);
  // A post-processor decides by itself; without one, this key does.
  const bool adds_bos = flag_member(config, "add_bos_token", false);
  if (adds_bos && out.bos_id && !out.post_processor.is_given()) {
    out.post_processor = post_processor({*out.bos_id}, {});
  }
}

/// The tokenizer of a GGUF file.
inline tokenizer_description describe_gguf(const std::filesystem::path& path) {
  const files::gguf_file file = files::gguf_file::open(path);
  const tokenizer_json_files made = huggingface_tokenizer(file);
  tokenizer_description out;
  naming_file(path, [&] {
    out = description_of(made.tokenizer);
    if (file.get<std::string_view>("tokenizer.ggml.model") == "llama") {
      out.merge_ranks =
          ranks_of_scores(out.merges, file.get<files::gguf_numbers>("tokenizer.ggml.scores"));
    }
    read_config_tokens(made.config, out);
  });
  return out;
}

}  // namespace detail

/// Reads the tokenizer of a folder, of a file in it, or of a GGUF file. The begin and end tokens
/// come from tokenizer_config.json; without that file, from the post-processor of tokenizer.json.
inline tokenizer_description describe_tokenizer(const std::filesystem::path& file_or_folder) {
  namespace fs = std::filesystem;
  require(detail::is_present(file_or_folder), file_or_folder.string(), ": does not exist");
  if (files::is_gguf(file_or_folder)) return detail::describe_gguf(file_or_folder);
  std::error_code ignored;
  const bool is_folder = fs::is_directory(file_or_folder, ignored);
  const fs::path folder = is_folder ? file_or_folder : file_or_folder.parent_path();
  const std::string name = is_folder ? "" : file_or_folder.filename().string();
  const bool is_pair = is_folder ? !detail::is_present(folder / "tokenizer.json")
                                 : name == "vocab.json" || name == "merges.txt";
  require(!is_folder || !is_pair || detail::is_present(folder / "vocab.json"), folder.string(),
          ": holds neither tokenizer.json nor vocab.json");
  const fs::path config_path = folder / "tokenizer_config.json";
  detail::json config = detail::optional_json_file(config_path);
  const files::json_clearer clearer(config);
  tokenizer_description out =
      is_pair ? detail::describe_vocab_and_merges(folder, config)
              : describe_tokenizer_json(is_folder ? folder / "tokenizer.json" : file_or_folder);
  if (config.empty()) {
    const auto &prefix = out.post_processor.prefix(), &suffix = out.post_processor.suffix();
    if (!prefix.empty()) out.bos_id = prefix.front();
    if (!suffix.empty()) out.eos_id = suffix.back();
    return out;
  }
  detail::naming_file(config_path, [&] { detail::read_config_tokens(config, out); });
  return out;
}

}  // namespace radlads::text
