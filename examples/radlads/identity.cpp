// SPDX-License-Identifier: Apache-2.0
#include "identity.hpp"
#include "radlads/core/hash.hpp"
#include "radlads/core/host_copy.hpp"
#include "radlads/files/gguf.hpp"
#include "radlads/files/json.hpp"
#include "radlads/files/mapped.hpp"
#include "radlads/io/dtype.hpp"
#include "radlads/io/safetensors_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

namespace radlads::program {

namespace {

/// Keys of config.json that say who wrote it, not what the model is.
constexpr std::array<std::string_view, 2> idle_keys{"_name_or_path", "transformers_version"};

constexpr std::array<std::string_view, 6> tokenizer_names{
    "tokenizer.json", "tokenizer_config.json",   "vocab.json",
    "merges.txt",     "special_tokens_map.json", "added_tokens.json"};

std::uint64_t tensors_hash(const std::filesystem::path& directory) {
  const io::safetensors_set file = io::safetensors_set::open(directory);
  stream_hash hash;
  for (const std::string& name : file.names()) {
    const io::tensor_entry& entry = *file.find(name);
    hash.update(
        fmt::format("{} {} {}\n", name, io::dtype_name(entry.dtype), io::shape_text(entry.shape)));
    hash.update(entry.data, entry.size);
  }
  return hash.value();
}

std::uint64_t file_hash(const std::filesystem::path& path) {
  return stream_hash().update(files::mapped_file::open(path).text()).value();
}

}  // namespace

std::string hex(std::uint64_t value) { return fmt::format("{:016x}", value); }

identity model_identity(const std::filesystem::path& directory, const std::string& prefix) {
  constexpr std::size_t longest = 200;
  identity result;
  if (files::is_gguf(directory)) {
    result[prefix + ".file"] = hex(file_hash(directory));
    return result;
  }
  files::json config = files::read_json(directory / "config.json");
  const files::json_clearer clearer(config);
  for (const auto& [key, value] : config.items()) {
    if (std::find(idle_keys.begin(), idle_keys.end(), key) != idle_keys.end()) continue;
    std::string text = files::json_text(value, (directory / "config.json").string());
    if (text.size() > longest) text = hex(stream_hash().update(text).value());
    result[fmt::format("{}.{}", prefix, key)] = text;
  }
  result[prefix + ".weights"] = hex(tensors_hash(directory));
  result[prefix + ".tokenizer"] = hex(tokenizer_hash(directory));
  return result;
}

std::uint64_t tokenizer_hash(const std::filesystem::path& directory) {
  if (files::is_gguf(directory)) return file_hash(directory);
  stream_hash hash;
  std::error_code code;
  for (const std::string_view name : tokenizer_names) {
    if (!std::filesystem::exists(directory / name, code)) continue;
    const files::mapped_file file = files::mapped_file::open(directory / name);
    hash.update(fmt::format("{} {}\n", name, file.size())).update(file.text());
  }
  return hash.value();
}

std::uint64_t weights_hash(backend_type& b, const model_type& model) {
  stream_hash hash;
  model_type::params::for_each(
      [&](const std::string& name, const auto& tensor) {
        hash.update(name);
        read_on_host(b, tensor, [&](const float* from) {
          hash.update(from, static_cast<std::size_t>(tensor.size()) * sizeof(float));
        });
      },
      model.weights);
  return hash.value();
}

}  // namespace radlads::program
