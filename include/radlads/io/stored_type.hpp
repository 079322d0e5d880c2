// SPDX-License-Identifier: Apache-2.0
#pragma once
// The type in which a model's numbers are stored, which those made of it keep.

#include "radlads/files/gguf.hpp"
#include "radlads/io/dtype.hpp"
#include "radlads/io/gguf/block_types.hpp"
#include "radlads/io/gguf/tensors.hpp"
#include "radlads/io/safetensors_reader.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace radlads::io {

namespace detail {

inline std::int64_t value_count(const std::vector<std::int64_t>& shape) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  return count;
}

/// What most values are.
inline dtype most_frequent(const std::map<dtype, std::int64_t>& counts) {
  dtype most = dtype::f32;
  std::int64_t values = 0;
  for (const auto& [type, count] : counts) {
    if (count > values) most = type;
    values = std::max(values, count);
  }
  return most;
}

/// Blocks of fewer bits have about the precision of BF16 or less.
inline dtype type_of_block(block_type type) {
  if (type == block_type::f32) return dtype::f32;
  return type == block_type::f16 ? dtype::f16 : dtype::bf16;
}

}  // namespace detail

/// The type to store a model in that is made of this one: F32, F16 or BF16, whichever most of its
/// values are; BF16 for quantised blocks, F32 for F64. Throws when the files cannot be opened.
inline dtype stored_type_of(const std::filesystem::path& model) {
  std::map<dtype, std::int64_t> counts;
  if (files::is_gguf(model)) {
    const gguf_tensors file = gguf_tensors::open(model);
    for (const std::string& name : file.names()) {
      const gguf_entry& entry = *file.find(name);
      counts[detail::type_of_block(entry.block.type)] += detail::value_count(entry.shape);
    }
    return detail::most_frequent(counts);
  }
  const safetensors_set file = safetensors_set::open(model);
  for (const std::string& name : file.names()) {
    const tensor_entry& entry = *file.find(name);
    const bool is_narrow = entry.dtype == dtype::f16 || entry.dtype == dtype::bf16;
    counts[is_narrow ? entry.dtype : dtype::f32] += detail::value_count(entry.shape);
  }
  return detail::most_frequent(counts);
}

}  // namespace radlads::io
