// SPDX-License-Identifier: Apache-2.0
#pragma once
// Parameters of a model in files that name them otherwise: without the prefix "model.", as a model
// without its head is saved, or with one tensor for embedding and head.

#include "radlads/io/safetensors_reader.hpp"

#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::io {

inline const std::string embedding_name = "model.embed_tokens.weight";
inline const std::string head_name = "lm_head.weight";
inline constexpr std::string_view model_prefix = "model.";

/// Tensors by name: safetensors_set, gguf_tensors, or what offers the same. An entry has a name,
/// the file's path and a shape, slowest axis first; read_tensor(entry, shape, out) gives its
/// values.
template <class S>
concept tensor_source = requires(const S& source, std::string_view name) {
  { source.names() } -> std::same_as<std::vector<std::string>>;
  { source.find(name)->shape } -> std::convertible_to<std::vector<std::int64_t>>;
  { source.find(name)->name } -> std::convertible_to<std::string_view>;
  { source.find(name)->file } -> std::convertible_to<std::string_view>;
};

/// The tensor of a parameter: the one of its name, else of its name without "model.", else null.
template <tensor_source S>
auto find_parameter(const S& file, std::string_view name) {
  const auto* const entry = file.find(name);
  if (entry != nullptr || !name.starts_with(model_prefix)) return entry;
  return file.find(name.substr(model_prefix.size()));
}

/// What a tensor is of, by its name in a file: "embedding", "head", "mixers", "feed-forward",
/// "norms" or "other".
inline std::string_view group_of_name(std::string_view name) {
  if (name == embedding_name) return "embedding";
  if (name == head_name) return "head";
  if (name.find(".self_attn.") != std::string_view::npos) return "mixers";
  if (name.find(".mlp.") != std::string_view::npos) return "feed-forward";
  return name.ends_with("norm.weight") ? "norms" : "other";
}

/// Whether the file has a head that differs from its embedding in any byte.
inline bool has_own_head(const safetensors_set& file) {
  const tensor_entry* const head = find_parameter(file, head_name);
  const tensor_entry* const embedding = find_parameter(file, embedding_name);
  if (head == nullptr || embedding == nullptr) return false;
  return head->dtype != embedding->dtype || head->shape != embedding->shape ||
         std::memcmp(head->data, embedding->data, head->size) != 0;
}

}  // namespace radlads::io
