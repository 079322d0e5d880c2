// SPDX-License-Identifier: Apache-2.0
#pragma once
// Files that a model takes over from the one it was made of, since making it does not change them:
// tokenizer, chat templates, licence. Never weights.

#include "radlads/core/error.hpp"
#include "radlads/files/atomic.hpp"
#include "radlads/files/folder.hpp"
#include "radlads/files/gguf.hpp"
#include "radlads/files/json.hpp"
#include "radlads/files/mapped.hpp"
#include "radlads/text/gguf_tokenizer.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace radlads::io {

/// Files that make up a tokenizer; a saved model takes over those that its source has.
inline constexpr std::array<std::string_view, 9> tokenizer_files{
    "tokenizer.json",      "tokenizer_config.json",   "vocab.json",
    "merges.txt",          "special_tokens_map.json", "added_tokens.json",
    "chat_template.jinja", "chat_template.json",      "tokenizer.model"};

/// The directory of further chat templates, each NAME.jinja.
inline constexpr std::string_view template_directory = "additional_chat_templates";

/// Whether a name is that of a file of weights, whatever else it looks like.
inline bool has_weight_ending(std::string_view name) {
  for (const std::string_view ending : {".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".gguf",
                                        ".h5", ".msgpack", ".onnx", ".npz", ".index.json"}) {
    if (name.ends_with(ending)) return true;
  }
  return false;
}

/// Whether a file is one of the tokenizer: one of tokenizer_files, or another vocabulary or
/// template.
inline bool is_tokenizer_file(std::string_view name) {
  if (std::find(tokenizer_files.begin(), tokenizer_files.end(), name) != tokenizer_files.end()) {
    return true;
  }
  if (has_weight_ending(name)) return false;
  return name.starts_with("tokenizer.") || name.starts_with("tokenizer_") ||
         name.starts_with("vocab.") || name.ends_with(".jinja") || name.ends_with(".tiktoken") ||
         name == "spiece.model" || name.ends_with(".bpe.model");
}

/// Whether a file says under what terms a model may be used: LICENSE, LICENSE.txt, NOTICE,
/// USE_POLICY.md and their like, in any case.
inline bool is_licence_file(std::string_view name) {
  std::string stem(name.substr(0, name.find('.')));
  for (char& c : stem) {
    c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  if (has_weight_ending(name)) return false;
  for (const std::string_view word : {"LICENSE", "LICENCE", "COPYING", "NOTICE"}) {
    if (stem == word || stem.starts_with(std::string(word) + "_") ||
        stem.ends_with("_" + std::string(word))) {
      return true;
    }
  }
  return stem == "USE_POLICY" || stem == "ACCEPTABLE_USE_POLICY";
}

namespace detail {

inline void carry_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  const files::mapped_file bytes = files::mapped_file::open(from);
  files::atomic_file file(to);
  file.write(bytes.bytes().data(), bytes.size());
  file.commit();
}

/// Names of regular files in a directory for which `wanted` holds; none when there is no directory.
template <class Wanted>
std::vector<std::string> names_in(const std::filesystem::path& directory, Wanted&& wanted) {
  std::vector<std::string> names;
  std::error_code code;
  for (const std::filesystem::directory_entry& entry : files::folder_entries(directory, code)) {
    const std::string name = entry.path().filename().string();
    std::error_code ignored;
    if (wanted(name) && entry.is_regular_file(ignored)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace detail

/// Copies the files that a model of `source` hands on; without a source there is nothing to copy. A
/// GGUF file hands on its tokenizer, as Hugging Face's files. Throws when the source is neither a
/// directory nor a GGUF file, or a file cannot be written.
inline void carry_files(const std::filesystem::path& source, const std::filesystem::path& target) {
  if (source.empty()) return;
  if (files::is_gguf(source)) {
    const text::tokenizer_json_files tokenizer =
        text::huggingface_tokenizer(files::gguf_file::open(source));
    files::write_json(target / "tokenizer.json", tokenizer.tokenizer);
    files::write_json(target / "tokenizer_config.json", tokenizer.config);
    return;
  }
  std::error_code code;
  require(std::filesystem::is_directory(source, code), "cannot take tokenizer files from ",
          source.string(), ": it is not a directory");
  const auto is_carried = [](const std::string& name) {
    return is_tokenizer_file(name) || is_licence_file(name);
  };
  for (const std::string& name : detail::names_in(source, is_carried)) {
    detail::carry_file(source / name, target / name);
  }
  const std::filesystem::path templates = source / template_directory;
  const auto is_template = [](const std::string& name) { return name.ends_with(".jinja"); };
  const std::vector<std::string> names = detail::names_in(templates, is_template);
  if (names.empty()) return;
  std::filesystem::create_directory(target / template_directory, code);
  require(!code, "cannot make ", (target / template_directory).string(), ": ", code.message());
  for (const std::string& name : names) {
    detail::carry_file(templates / name, target / template_directory / name);
  }
  files::sync_directory(target / template_directory);
}

/// The further chat templates of a model directory, by their names in it.
inline std::vector<std::string> template_names(const std::filesystem::path& directory) {
  const auto is_template = [](const std::string& name) { return name.ends_with(".jinja"); };
  std::vector<std::string> names = detail::names_in(directory / template_directory, is_template);
  for (std::string& name : names) name = std::string(template_directory) + "/" + name;
  return names;
}

}  // namespace radlads::io
