// SPDX-License-Identifier: Apache-2.0
#pragma once
// The tensors of a GGUF file under their Hugging Face names and in Hugging Face's layout.

#include "radlads/core/error.hpp"
#include "radlads/files/gguf.hpp"
#include "radlads/io/dtype.hpp"
#include "radlads/io/gguf/block_types.hpp"
#include "radlads/io/gguf/dequantise.hpp"
#include "radlads/io/gguf/names.hpp"
#include "radlads/io/gguf/order.hpp"
#include "radlads/io/gguf/student_names.hpp"

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
  gguf_layout layout = gguf_layout::rows;  ///< of a student's mixer
  float factor = 1;                        ///< what values are multiplied by
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
    if (is_student_architecture(architecture())) {
      const auto student = find_student_tensor(architecture(), tensor.name);
      if (student) return add_of_student(*student, std::move(entry));
    }
    insert(std::move(entry));
  }

  std::string_view architecture() const {
    return file_.find<std::string_view>("general.architecture").value_or("");
  }

  void insert(gguf_entry entry) {
    const std::string name = entry.name;
    require(entries_.emplace(name, std::move(entry)).second, file_.path(),
            ": two tensors are called \"", name, "\"");
  }

  /// Puts in what one tensor of a student's mixer is, with Hugging Face's shape.
  void add_of_student(const student_tensor& student, gguf_entry entry) {
    std::vector<std::int64_t>& shape = entry.shape;
    const std::size_t axes = shape.size();
    const auto require_shape = [&](bool is_right, std::string_view expected) {
      require(is_right, entry.file, ": tensor \"", entry.name, "\" has shape ", shape_text(shape),
              ", expected ", expected);
    };
    entry.layout = student.layout;
    if (student.layout == gguf_layout::parts) {
      require_shape(axes == 4 && shape[0] == 5 && shape[1] == 1 && shape[2] == 1, "(5, 1, 1, C)");
      return add_parts(student, std::move(entry));
    }
    if (student.layout == gguf_layout::row) {
      require_shape(axes == 1, "one axis");
      shape = {1, 1, shape[0]};
    } else if (student.layout == gguf_layout::transposed) {
      require_shape(axes == 2, "two axes");
      std::swap(shape[0], shape[1]);
    } else if (student.layout == gguf_layout::shift_down) {
      require_shape(axes == 2 && shape[0] % 5 == 0, "(5 R, C)");
      std::swap(shape[0], shape[1]);
    } else if (student.layout == gguf_layout::shift_up) {
      require_shape(axes == 3 && shape[0] == 5, "(5, C, R)");
      std::swap(shape[1], shape[2]);
    }
    entry.name = student.prefix + student.name;
    if (architecture() == rwkv7_architecture && student.name == "q_proj.weight") {
      const auto size = file_.get<std::int64_t>("arwkv7.wkv.head_size");
      require(size > 0, file_.path(), ": \"arwkv7.wkv.head_size\" is ", size);
      const bool has_norm = file_.find_tensor("blk.0.time_mix_ln.weight") != nullptr;
      entry.factor = static_cast<float>(1 / rwkv7_receptance_factor(size, has_norm));
    }
    insert(std::move(entry));
  }

  /// The five rows of the token shift.
  void add_parts(const student_tensor& student, gguf_entry entry) {
    const std::int64_t width = entry.shape[3];
    for (std::size_t i = 0; i < rwkv6_blend_names.size(); ++i) {
      gguf_entry part = entry;
      part.name = student.prefix + std::string(rwkv6_blend_names[i]);
      part.layout = gguf_layout::row;
      part.shape = {1, 1, width};
      part.data += static_cast<std::int64_t>(i) * (width / entry.block.values) * entry.block.bytes;
      insert(std::move(part));
    }
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

/// How the values of an entry lie in its file, and where they go.
inline gguf_order order_of(const gguf_entry& entry) {
  gguf_order order;
  std::int64_t count = 1;
  for (const std::int64_t extent : entry.shape) count *= extent;
  const bool is_up = entry.layout == gguf_layout::shift_up;
  const bool is_down = entry.layout == gguf_layout::shift_down;
  order.is_transposed = is_up || is_down || entry.layout == gguf_layout::transposed;
  if (order.is_transposed) {
    // Both factors of the token shift are five parts (R, C) or (C, R) in the file.
    order.is_stacked = is_up;
    order.length = is_up ? entry.shape[1] : entry.shape[0];
    if (is_up || is_down) order.parts = static_cast<std::int64_t>(rwkv6_blends.size());
    for (std::size_t part = 0; order.parts > 1 && part < rwkv6_blends.size(); ++part) {
      order.places[part] = static_cast<std::int64_t>(rwkv6_blends[part]);
    }
  } else {
    // A vector, such as a bias, is as many rows of one value.
    const bool is_vector = entry.shape.size() == 1 && entry.block.values == 1;
    order.length = is_vector ? 1 : entry.shape.back();
    order.heads = entry.interleaved_heads;
  }
  order.lines = count / order.parts / order.length;
  return order;
}

/// Throws naming the tensor, its file, and the expected and found shape, unless they agree.
inline void require_shape_of(const gguf_entry& entry, std::span<const std::int64_t> expected) {
  require(std::ranges::equal(entry.shape, expected), entry.file, ": tensor \"", entry.name,
          "\" has shape ", shape_text(entry.shape), ", expected ", shape_text(expected));
}

namespace detail {

/// The values of a factor that a file has transposed, in Hugging Face's order.
template <class T>
void read_transposed(const gguf_entry& entry, const gguf_order& order, T* out) {
  const std::int64_t lines = order.parts * order.lines;
  std::vector<float> values(static_cast<std::size_t>(lines * order.length));
  dequantise(entry.block.type, entry.data, lines * order.length, values.data());
  const float* value = values.data();
  for (std::int64_t part = 0; part < order.parts; ++part) {
    for (std::int64_t line = 0; line < order.lines; ++line) {
      for (std::int64_t i = 0; i < order.length; ++i) {
        out[place_of(order, part, line, i)] = static_cast<T>(*value++);
      }
    }
  }
}

}  // namespace detail

/// Writes all values to `out`, row-major, overwriting. Throws naming the tensor, its file, and the
/// expected and found shape.
template <class T>
requires std::same_as<T, float> || std::same_as<T, double>
void read_tensor(const gguf_entry& entry, std::span<const std::int64_t> expected_shape, T* out) {
  require_shape_of(entry, expected_shape);
  const gguf_order order = order_of(entry);
  if (order.is_transposed) return detail::read_transposed(entry, order, out);
  const std::int64_t row_bytes = order.length / entry.block.values * entry.block.bytes;
  std::vector<float> values(static_cast<std::size_t>(order.length));
  for (std::int64_t row = 0; row < order.lines; ++row) {
    dequantise(entry.block.type, entry.data + row * row_bytes, order.length, values.data());
    for (float& value : values) value *= entry.factor;
    std::copy(values.begin(), values.end(),
              out + straight_row(row, order.lines, order.heads) * order.length);
  }
}

}  // namespace radlads::io
