// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a model directory holds, from its description and its weights together, before any memory is
// taken for a model.

#include "radlads/core/error.hpp"
#include "radlads/files/gguf.hpp"
#include "radlads/io/config_reader.hpp"
#include "radlads/io/gguf/config.hpp"
#include "radlads/io/gguf/tensors.hpp"
#include "radlads/io/parameter_names.hpp"
#include "radlads/io/safetensors_reader.hpp"
#include "radlads/models/config.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace radlads::io {

/// A description that its weights bear out, and sentences about what a user may not expect.
struct model_description {
  models::config config;
  std::vector<std::string> notes;
};

/// Throws, naming the tensor, unless the file has what every layer has in the sizes of the
/// description: its norm, its feed-forward and the embedding. So a model that is built takes no
/// more memory than a small multiple of its file.
template <tensor_source S>
void require_sizes(const S& file, const models::config& c, const std::string& where) {
  const auto require_tensor = [&](const std::string& name, const auto* entry,
                                  const std::vector<std::int64_t>& shape) {
    require(entry != nullptr, where, ": tensor \"", name, "\" of shape ", shape_text(shape),
            " is missing");
    require(entry->shape == shape, entry->file, ": tensor \"", entry->name, "\" has shape ",
            shape_text(entry->shape), ", expected ", shape_text(shape));
  };
  auto embedding = find_parameter(file, embedding_name);
  if (embedding == nullptr) embedding = find_parameter(file, head_name);
  require_tensor(embedding_name, embedding, {c.vocabulary, c.hidden});
  for (std::int64_t i = 0; i < c.layers; ++i) {
    const std::string layer = "model.layers." + std::to_string(i) + ".";
    const std::string norm = layer + "input_layernorm.weight", up = layer + "mlp.up_proj.weight";
    require_tensor(norm, find_parameter(file, norm), {c.hidden});
    require_tensor(up, find_parameter(file, up), {c.intermediate, c.hidden});
  }
}

/// Description of a GGUF file, checked against its tensors.
inline model_description read_gguf_description(const std::filesystem::path& path) {
  const gguf_tensors file = gguf_tensors::open(path);
  model_description result{read_gguf_config(file.file()), {}};
  require_sizes(file, result.config, path.string());
  return result;
}

/// Description of a model directory or a GGUF file, settled with its weights, if there are any: a
/// head of its own in the file wins over "tie_word_embeddings", as in transformers. Throws as
/// read_config does, when the weights cannot be opened, and when they lack a size of the
/// description.
inline model_description read_description(const std::filesystem::path& directory) {
  if (files::is_gguf(directory)) return read_gguf_description(directory);
  model_description result{read_config(directory), {}};
  if (!holds_safetensors(directory)) return result;
  const safetensors_set file = safetensors_set::open(directory);
  result.notes = file.notes();
  require_sizes(file, result.config, directory.string());
  if (result.config.is_tied && has_own_head(file)) {
    result.config.is_tied = false;
    result.notes.push_back(concatenate(
        directory.string(), ": config.json says \"tie_word_embeddings\", but the file has a ",
        "lm_head.weight of its own, which is used"));
  }
  return result;
}

}  // namespace radlads::io
