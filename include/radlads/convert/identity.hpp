// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a run is made from, in words and hashes short enough for its record: a run that continues
// compares them with its own.

#include "radlads/core/error.hpp"
#include "radlads/core/hash.hpp"
#include "radlads/core/host_copy.hpp"
#include "radlads/files/gguf.hpp"
#include "radlads/files/json.hpp"
#include "radlads/files/mapped.hpp"
#include "radlads/io/dtype.hpp"
#include "radlads/io/safetensors_reader.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <system_error>

namespace radlads::convert {

/// Facts by name, such as "teacher.rope_theta" and "teacher.weights".
using identity = std::map<std::string, std::string>;

namespace detail {

/// Keys of config.json that say who wrote it, not what the model is.
inline constexpr std::array<std::string_view, 2> idle_keys{"_name_or_path", "transformers_version"};

inline constexpr std::array<std::string_view, 6> tokenizer_names{
    "tokenizer.json", "tokenizer_config.json",   "vocab.json",
    "merges.txt",     "special_tokens_map.json", "added_tokens.json"};

inline std::uint64_t tensors_hash(const std::filesystem::path& directory) {
  const io::safetensors_set file = io::safetensors_set::open(directory);
  stream_hash hash;
  for (const std::string& name : file.names()) {
    const io::tensor_entry& entry = *file.find(name);
    hash.update(concatenate(name, " ", io::dtype_name(entry.dtype), " ",
                            io::shape_text(entry.shape), "\n"));
    hash.update(entry.data, entry.size);
  }
  return hash.value();
}

inline std::uint64_t file_hash(const std::filesystem::path& path) {
  return stream_hash().update(files::mapped_file::open(path).text()).value();
}

}  // namespace detail

/// A hash as records have it: sixteen hexadecimal digits.
inline std::string hex(std::uint64_t value) {
  std::string text(16, '0');
  for (std::size_t i = text.size(); value != 0; value /= 16) {
    text[--i] = "0123456789abcdef"[value % 16];
  }
  return text;
}

/// A hash of the files of a directory that decide which ids a text becomes.
inline std::uint64_t tokenizer_hash(const std::filesystem::path& directory) {
  if (files::is_gguf(directory)) return detail::file_hash(directory);
  stream_hash hash;
  std::error_code code;
  for (const std::string_view name : detail::tokenizer_names) {
    if (!std::filesystem::exists(directory / name, code)) continue;
    const files::mapped_file file = files::mapped_file::open(directory / name);
    hash.update(concatenate(name, " ", file.size(), "\n")).update(file.text());
  }
  return hash.value();
}

/// What makes a model directory the one it is, each name behind "`prefix`.": every key of its
/// config.json, a hash of the tensors in its files and one of its tokenizer's files. The tensors
/// are hashed where the file lies in memory; on CUDA nothing comes back from the GPU. A GGUF file
/// holds all of this and has one hash.
inline identity model_identity(const std::filesystem::path& directory, const std::string& prefix) {
  constexpr std::size_t longest = 200;
  identity result;
  if (files::is_gguf(directory)) {
    result[prefix + ".file"] = hex(detail::file_hash(directory));
    return result;
  }
  files::json config = files::read_json(directory / "config.json");
  const files::json_clearer clearer(config);
  for (const auto& [key, value] : config.items()) {
    if (std::find(detail::idle_keys.begin(), detail::idle_keys.end(), key) !=
        detail::idle_keys.end())
      continue;
    std::string text = files::json_text(value, (directory / "config.json").string());
    if (text.size() > longest) text = hex(stream_hash().update(text).value());
    result[prefix + "." + key] = text;
  }
  result[prefix + ".weights"] = hex(detail::tensors_hash(directory));
  result[prefix + ".tokenizer"] = hex(tokenizer_hash(directory));
  return result;
}

/// A hash of names and values of all weights of a model in memory.
template <class Model>
std::uint64_t weights_hash(typename Model::backend_type& b, const Model& model) {
  stream_hash hash;
  Model::params::for_each(
      [&](const std::string& name, const auto& tensor) {
        hash.update(name);
        read_on_host(b, tensor, [&](const auto* from) {
          hash.update(from, static_cast<std::size_t>(tensor.size()) * sizeof(*from));
        });
      },
      model.weights);
  return hash.value();
}

}  // namespace radlads::convert
