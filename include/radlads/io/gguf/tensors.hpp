// SPDX-License-Identifier: Apache-2.0
#pragma once
// The tensors of a GGUF file under their Hugging Face names and in Hugging Face's layout.

#include "radlads/core/error.hpp"
#include "radlads/files/gguf.hpp"
#include "radlads/io/dtype.hpp"
#include "radlads/io/gguf/block_types.hpp"
#include "radlads/io/gguf/dequantise.hpp"
#include "radlads/io/gguf/names.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::io {

/// One tensor: where its blocks lie and how they become rows.
struct gguf_entry {
  std::string name;  ///< Hugging Face's, or the file's own where that has none
  std::string file;
  std::vector<std::int64_t> shape;  ///< slowest axis first
  block_description block{};
  const unsigned char* data = nullptr;
  /// Rows of each head are interleaved (0, d/2, 1, d/2 + 1, ...) for this many heads; 0 for none.
  /// llama.cpp stores q and k of Llama so, because it rotates neighbours instead of halves.
  std::int64_t interleaved_heads = 0;
};

/// All tensors of one open file. Move-only; entries stay valid until it is destroyed.
class gguf_tensors {
 public:
  /// Opens a file and checks the type and the place of every tensor; throws naming file and tensor.
  static gguf_tensors open(const std::filesystem::path& path) {
    return gguf_tensors(files::gguf_file::open(path));
  }

  explicit gguf_tensors(files::gguf_file file) : file_(std::move(file)) {
    for (const auto& [name, tensor] : file_.tensors()) add(tensor);
  }

  const files::gguf_file& file() const { return file_; }

  /// The names, sorted.
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& [name, entry] : entries_) names.push_back(name);
    return names;
  }

  /// The tensor of that name, or null.
  const gguf_entry* find(std::string_view name) const {
    const auto place = entries_.find(name);
    return place == entries_.end() ? nullptr : &place->second;
  }

 private:
  void add(const files::gguf_tensor& tensor) {
    const block_description* block = find_block(tensor.type);
    require(block != nullptr, file_.path(), ": tensor \"", tensor.name, "\" is of the type ",
            foreign_block_name(tensor.type), ", which cannot be read; known are ",
            block_type_names());
    require(tensor.extents[0] % block->values == 0, file_.path(), ": tensor \"", tensor.name,
            "\" has rows of ", tensor.extents[0], " values, not a whole number of ", block->name,
            " blocks of ", block->values);
    gguf_entry entry;
    entry.name = huggingface_name(tensor.name).value_or(std::string(tensor.name));
    entry.file = file_.path();
    entry.block = *block;
    entry.shape.assign(tensor.extents.rbegin(), tensor.extents.rend());
    std::int64_t blocks = 1;
    for (const std::int64_t extent : entry.shape) blocks *= extent;
    blocks /= block->values;
    // The container promises that the number of values fits 63 bits and that the offset is within
    // the file.
    const auto room = static_cast<std::int64_t>(file_.size() - tensor.offset);
    require(blocks <= room / block->bytes, file_.path(), ": tensor \"", tensor.name, "\" of ",
            shape_text(entry.shape), " has ", blocks, " blocks of ", block->bytes,
            " bytes at byte ", tensor.offset, "; the file ends at ", file_.size());
    entry.data = reinterpret_cast<const unsigned char*>(file_.data(tensor.offset));
    entry.interleaved_heads = interleaved_heads(entry);
    const std::string name = entry.name;
    require(entries_.emplace(name, std::move(entry)).second, file_.path(),
            ": two tensors are called \"", name, "\"");
  }

  std::int64_t interleaved_heads(const gguf_entry& entry) const {
    if (file_.find<std::string_view>("general.architecture") != std::string_view("llama")) return 0;
    const bool is_query = entry.name.find(".self_attn.q_proj.") != std::string::npos;
    const bool is_key = entry.name.find(".self_attn.k_proj.") != std::string::npos;
    if (!is_query && !is_key) return 0;
    const auto all = file_.get<std::int64_t>("llama.attention.head_count");
    const auto heads =
        is_query ? all : file_.find<std::int64_t>("llama.attention.head_count_kv").value_or(all);
    require(heads > 0 && entry.shape[0] % heads == 0 && entry.shape[0] / heads % 2 == 0, entry.file,
            ": tensor \"", entry.name, "\" has ", entry.shape[0], " rows, which ", heads,
            " heads cannot share in halves");
    return heads;
  }

  files::gguf_file file_;
  std::map<std::string, gguf_entry, std::less<>> entries_;
};

/// Whether the file has a head beside its embedding.
inline bool has_own_head(const gguf_tensors& file) {
  return file.find("lm_head.weight") != nullptr;
}

/// The row of Hugging Face's layout that holds what is row `row` of a tensor with interleaved
/// heads.
inline std::int64_t straight_row(std::int64_t row, std::int64_t rows, std::int64_t heads) {
  if (heads == 0) return row;
  const std::int64_t size = rows / heads, within = row % size;
  return row - within + within % 2 * (size / 2) + within / 2;
}

/// Writes all values to `out`, row-major, overwriting. Throws naming the tensor, its file, and the
/// expected and found shape.
template <class T>
requires std::same_as<T, float> || std::same_as<T, double>
void read_tensor(const gguf_entry& entry, std::span<const std::int64_t> expected_shape, T* out) {
  require(std::ranges::equal(entry.shape, expected_shape), entry.file, ": tensor \"", entry.name,
          "\" has shape ", shape_text(entry.shape), ", expected ", shape_text(expected_shape));
  // A vector, such as a bias, is as many rows of one value.
  const bool is_vector = entry.shape.size() == 1 && entry.block.values == 1;
  const std::int64_t row_length = is_vector ? 1 : entry.shape.back();
  std::int64_t rows = is_vector ? entry.shape[0] : 1;
  for (std::size_t axis = 0; axis + 1 < entry.shape.size(); ++axis) rows *= entry.shape[axis];
  const std::int64_t row_bytes = row_length / entry.block.values * entry.block.bytes;
  std::vector<float> values(static_cast<std::size_t>(row_length));
  for (std::int64_t row = 0; row < rows; ++row) {
    dequantise(entry.block.type, entry.data + row * row_bytes, row_length, values.data());
    std::copy(values.begin(), values.end(),
              out + straight_row(row, rows, entry.interleaved_heads) * row_length);
  }
}

}  // namespace radlads::io
