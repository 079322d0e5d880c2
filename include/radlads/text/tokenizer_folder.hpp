// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reads the tokenizer of a model folder: tokenizer.json, or else vocab.json with merges.txt; and
// tokenizer_config.json, which says which tokens begin and end a text.

#include "radlads/core/error.hpp"
#include "radlads/text/tokenizer_file.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text {

namespace detail {

/// Reads a JSON file; an empty object when there is none.
inline json optional_json_file(const std::filesystem::path& path) {
  json content = json::object();
  if (std::filesystem::exists(path)) {
    read_json_file(path, [&](json file) { content = std::move(file); });
  }
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
  const std::string content = read_text_file(path);
  std::size_t line_number = 0;
  for (std::size_t at = 0; at < content.size();) {
    const std::size_t end = std::min(content.find('\n', at), content.size());
    std::string_view line = std::string_view(content).substr(at, end - at);
    at = end + 1;
    ++line_number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || (line_number == 1 && line.starts_with("#version"))) continue;
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos) {
      fail(path.string(), ": line ", line_number, " is '", line,
           "'; expected two tokens with one space between");
    }
    try {
      add_merge(out, std::string(line.substr(0, space)), std::string(line.substr(space + 1)));
    } catch (const error& problem) {
      fail(path.string(), ": line ", line_number, ": ", problem.what());
    }
  }
}

/// Which split a folder without tokenizer.json wants, from the names its configs give.
inline split_pattern split_of_folder(const std::filesystem::path& folder, const json& config) {
  const json model = optional_json_file(folder / "config.json");
  std::string name;
  if (find_member(config, "tokenizer_class")) {
    name = text_member(config, "tokenizer_class", "tokenizer_config.json");
  } else if (find_member(model, "model_type")) {
    name = text_member(model, "model_type", "config.json");
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

inline bool is_among_special_tokens(const json& config, const std::string& content) {
  for (const char* key : {"bos_token", "eos_token", "unk_token", "pad_token"}) {
    if (named_token(config, key) == content) return true;
  }
  const json* more = find_member(config, "additional_special_tokens");
  if (!more) return false;
  for (const json& entry : *more) {
    if (entry == content || (entry.is_object() && entry.value("content", "") == content))
      return true;
  }
  return false;
}

/// Added tokens of a folder without tokenizer.json: tokenizer_config.json knows their properties,
/// added_tokens.json only their ids.
inline void read_folder_added_tokens(const std::filesystem::path& folder, const json& config,
                                     tokenizer_description& out) {
  json entries = json::object();
  const json ids = optional_json_file(folder / "added_tokens.json");
  for (const auto& [content, id] : ids.items()) {
    entries[std::to_string(id_from(id, content))] = {
        {"content", content}, {"special", is_among_special_tokens(config, content)}};
  }
  if (const json* known = find_member(config, "added_tokens_decoder")) entries.update(*known);
  json list = json::array();
  for (auto& [id, entry] : entries.items()) {
    entry["id"] = json::parse(id);
    list.push_back(entry);
  }
  // Both families have this token, and some of their configs leave it unsaid.
  const std::string end_of_text = "<|endoftext|>";
  const auto id = out.tokens.find(end_of_text);
  if (id && !entries.contains(std::to_string(*id))) {
    list.push_back({{"content", end_of_text}, {"id", *id}, {"special", true}});
  }
  read_added_tokens(list, out);
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
    out.normalizer = normalizer(std::vector<normalizer::step>{{normalizer::step::nfc, {}, {}}});
  }
  out.splits.push_back(split);
  out.is_byte_level = true;
  out.adds_prefix_space = flag_member(config, "add_prefix_space", false);
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

/// Reads the tokenizer of a folder, or of a file in it. The begin and end tokens come from
/// tokenizer_config.json; without that file, from the post-processor of tokenizer.json.
inline tokenizer_description describe_tokenizer(const std::filesystem::path& file_or_folder) {
  namespace fs = std::filesystem;
  require(fs::exists(file_or_folder), file_or_folder.string(), ": does not exist");
  const bool is_folder = fs::is_directory(file_or_folder);
  const fs::path folder = is_folder ? file_or_folder : file_or_folder.parent_path();
  const std::string name = is_folder ? "" : file_or_folder.filename().string();
  const bool is_pair = is_folder ? !fs::exists(folder / "tokenizer.json")
                                 : name == "vocab.json" || name == "merges.txt";
  require(!is_folder || !is_pair || fs::exists(folder / "vocab.json"), folder.string(),
          ": holds neither tokenizer.json nor vocab.json");
  const fs::path config_path = folder / "tokenizer_config.json";
  const detail::json config = detail::optional_json_file(config_path);
  tokenizer_description out =
      is_pair ? detail::describe_vocab_and_merges(folder, config)
              : describe_tokenizer_json(is_folder ? folder / "tokenizer.json" : file_or_folder);
  if (config.empty()) {
    const auto &prefix = out.post_processor.prefix(), &suffix = out.post_processor.suffix();
    if (!prefix.empty()) out.bos_id = prefix.front();
    if (!suffix.empty()) out.eos_id = suffix.back();
    return out;
  }
  try {
    out.bos_id = detail::named_id(config, "bos_token", out);
    out.eos_id = detail::named_id(config, "eos_token", out);
    // A post-processor decides by itself; without one, this key does.
    const bool adds_bos = detail::flag_member(config, "add_bos_token", false);
    if (adds_bos && out.bos_id && !out.post_processor.is_given()) {
      out.post_processor = post_processor({*out.bos_id}, {});
    }
  } catch (const error& problem) {
    fail(config_path.string(), ": ", problem.what());
  }
  return out;
}

}  // namespace radlads::text
