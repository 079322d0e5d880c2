// SPDX-License-Identifier: Apache-2.0
#pragma once
// Parameter sets to and from safetensors files. The names of P::for_each are the names in the
// files.

#include "radlads/core/backend.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/host_copy.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/core/view.hpp"
#include "radlads/files/gguf.hpp"
#include "radlads/io/dtype.hpp"
#include "radlads/io/gguf/device.hpp"
#include "radlads/io/gguf/tensors.hpp"
#include "radlads/io/huggingface/rad_rwkv7.hpp"
#include "radlads/io/parameter_names.hpp"
#include "radlads/io/safetensors_reader.hpp"
#include "radlads/io/safetensors_writer.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace radlads::io {

/// The shape of a tensor as files have it.
template <class Tensor>
std::vector<std::int64_t> file_shape(const Tensor& tensor) {
  return {tensor.sizes().begin(), tensor.sizes().end()};
}

/// How read_parameters treats what a file may leave out.
struct read_options {
  /// A file without lm_head.weight gives its embedding instead: for tied files read as untied.
  bool head_may_be_embedding = false;
};

/// How write_parameters stores tensors.
struct write_options {
  dtype stored_as = dtype::f32;  ///< F32, F16, BF16 or F64
  std::uint64_t max_shard_bytes = 5'000'000'000;
};

/// Whether a tensor that a model has no place for is one the reference keeps but never reads: those
/// of huggingface::is_unused_in_rad_rwkv7, rotary tables, a head that repeats the embedding. `read`
/// has the names the model has taken from the file.
template <tensor_source S>
bool is_known_unused(const S& file, const std::string& name,
                     const std::set<std::string, std::less<>>& read) {
  if (name.ends_with("rotary_emb.inv_freq") || name == rope_factors_name) return true;
  // The description of such a GGUF file is refused unless this is zero.
  if (name.ends_with(".time_mix_lerp_fused.weight")) return true;
  if (name == head_name) return find_parameter(file, embedding_name) && !has_own_head(file);
  const std::string_view mixer = ".self_attn.";
  const std::size_t place = name.find(mixer);
  if (place == std::string::npos) return false;
  const std::string prefix = name.substr(0, place + mixer.size());
  const std::string_view field = std::string_view(name).substr(prefix.size());
  if (!read.contains(prefix + std::string(huggingface::rad_rwkv7_mark))) return false;
  const bool is_first = prefix == "model.layers.0.self_attn." || prefix == "layers.0.self_attn.";
  return huggingface::is_unused_in_rad_rwkv7(field, is_first);
}

/// Fills a tensor with the values of an entry of a file; throws as read_tensor does.
template <class Entry, class T, int Rank, backend B>
void read_tensor_on(B& b, const Entry& entry, std::span<const std::int64_t> expected_shape,
                    tensor<T, Rank, B>& to) {
  if constexpr (std::is_same_v<Entry, gguf_entry> && gguf_backend<B, T>) {
    require_shape_of(entry, expected_shape);
    read_gguf_on(b, entry, to.data());
  } else {
    write_on_host(b, to, [&](T* out) { read_tensor(entry, expected_shape, out); });
  }
}

/// Fills every tensor of `p` from an open file; `where` names it in errors. Tensor by tensor, so
/// that no more than one of them is in host memory beside the mapped file. Blocks of GGUF go to a
/// GPU as they are and are dequantised there.
template <tensor_source S, parameter_set P, backend B>
[[nodiscard]] std::vector<std::string> read_parameters_from(B& b, const S& file,
                                                            const std::string& where, P& p,
                                                            const read_options& options = {}) {
  std::set<std::string, std::less<>> read;
  bool has_head = false;
  P::for_each(
      [&](const tensor_info& info, const auto&) { has_head |= info.role == tensor_role::head; }, p);
  P::for_each(
      [&](const tensor_info& info, auto& tensor) {
        const std::string& name = info.name;
        auto entry = find_parameter(file, name);
        const bool is_head = info.role == tensor_role::head;
        if (entry == nullptr && options.head_may_be_embedding && is_head) {
          entry = find_parameter(file, embedding_name);
        }
        if (entry == nullptr && !has_head && info.role == tensor_role::embedding) {
          entry = find_parameter(file, head_name);
        }
        const std::vector<std::int64_t> shape = file_shape(tensor);
        require(entry != nullptr, where, ": tensor \"", name, "\" of shape ", shape_text(shape),
                " is missing");
        read_tensor_on(b, *entry, shape, tensor);
        read.insert(entry->name);
      },
      p);
  std::vector<std::string> unread;
  for (std::string& name : file.names()) {
    if (!read.contains(name) && !is_known_unused(file, name, read))
      unread.push_back(std::move(name));
  }
  return unread;
}

/// Fills every tensor of `p` from a model directory, one safetensors file or a GGUF file,
/// converting F32, F16, BF16, F64 and quantised blocks. Returns the sorted names of tensors that
/// the model has no place for, without those of is_known_unused. Names in files may lack "model.",
/// and a model without a head takes that of a file without an embedding. Throws naming a tensor
/// that is missing or has another shape or type; `p` is then partly overwritten.
template <parameter_set P, backend B>
[[nodiscard]] std::vector<std::string> read_parameters(B& b, const std::filesystem::path& model,
                                                       P& p, const read_options& options = {}) {
  if (files::is_gguf(model))
    return read_parameters_from(b, gguf_tensors::open(model), model.string(), p, options);
  return read_parameters_from(b, safetensors_set::open(model), model.string(), p, options);
}

/// Writes every tensor of `p` to model.safetensors or to shards with their index, in a directory
/// that holds no model yet. Throws naming the file, or a tensor whose value does not fit the type.
template <parameter_set P, backend B>
void write_parameters(B& b, const P& p, const std::filesystem::path& directory,
                      const write_options& options = {}) {
  safetensors_writer writer;
  host_copies<B> copies(b);
  writer.add_metadata("format", "pt");
  P::for_each(
      [&](const std::string& name, const auto& tensor) {
        writer.add(name, options.stored_as, file_shape(tensor), copies.of(tensor));
      },
      p);
  b.synchronize();
  writer.write_sharded(directory, options.max_shard_bytes);
}

}  // namespace radlads::io
