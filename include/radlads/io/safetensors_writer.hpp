// SPDX-License-Identifier: Apache-2.0
#pragma once
// Writes safetensors files in the reference writer's order, converting floating point on the way.

#include "radlads/core/error.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/files/atomic.hpp"
#include "radlads/files/json.hpp"
#include "radlads/io/safetensors_header.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace radlads::io {

/// The format's type of a C++ type.
template <class T>
consteval dtype dtype_of() {
  if constexpr (std::is_same_v<T, float>)
    return dtype::f32;
  else if constexpr (std::is_same_v<T, double>)
    return dtype::f64;
  else if constexpr (std::is_same_v<T, half>)
    return dtype::f16;
  else if constexpr (std::is_same_v<T, bf16>)
    return dtype::bf16;
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return dtype::i64;
  else if constexpr (std::is_same_v<T, std::uint64_t>)
    return dtype::u64;
  else if constexpr (std::is_same_v<T, std::int32_t>)
    return dtype::i32;
  else if constexpr (std::is_same_v<T, std::uint32_t>)
    return dtype::u32;
  else if constexpr (std::is_same_v<T, std::uint16_t>)
    return dtype::u16;
  else if constexpr (std::is_same_v<T, std::uint8_t>)
    return dtype::u8;
  else
    static_assert(!sizeof(T), "this type has no safetensors dtype the writer knows");
}

/// Collects tensors and metadata, then writes them. It keeps pointers: the elements must stay
/// where they are until they are written.
class safetensors_writer {
 public:
  /// Adds a row-major tensor, to be stored as `stored_as`: its own type or, for float and double,
  /// any of F32, F16, BF16 and F64. Throws on a name used before, a bad shape or another type.
  template <class T>
  void add(const std::string& name, dtype stored_as, std::vector<std::int64_t> shape,
           const T* data) {
    require(name != "__metadata__", "safetensors_writer: a tensor cannot be named __metadata__");
    const std::optional<std::uint64_t> size = tensor_bytes(stored_as, shape);
    require(size.has_value(), "safetensors_writer: tensor \"", name, "\" has the bad shape ",
            shape_text(shape));
    const encoder encode = find_encoder<T>(stored_as);
    require(encode != nullptr, "safetensors_writer: tensor \"", name, "\" is ",
            dtype_name(dtype_of<T>()), " and cannot be stored as ", dtype_name(stored_as));
    require(names_.insert(name).second, "safetensors_writer: tensor \"", name,
            "\" was added before");
    tensors_.push_back({name, stored_as, std::move(shape), *size, data, encode});
  }

  /// Adds an entry of "__metadata__"; Hugging Face expects "format" to be "pt".
  void add_metadata(const std::string& key, const std::string& value) { metadata_[key] = value; }

  /// Writes one file, whole or not at all, and returns the stream_hash of its bytes. Throws naming
  /// it when the disk is full, or naming the tensor when a finite value does not fit the type it is
  /// to be stored as.
  std::uint64_t write(const std::filesystem::path& path) const {
    return write_file(path, all_tensors());
  }

  /// Writes model.safetensors or, when the tensors take more than `max_shard_bytes`, shards
  /// model-00001-of-0000N.safetensors in the order of addition and their index. A larger tensor
  /// has a shard to itself. Throws when the directory already holds a model.
  void write_sharded(const std::filesystem::path& directory, std::uint64_t max_shard_bytes) const {
    constexpr std::string_view single_name = "model.safetensors";
    constexpr std::string_view index_name = "model.safetensors.index.json";
    for (const std::string_view name : {single_name, index_name}) {
      std::error_code code;
      require(!std::filesystem::exists(directory / name, code), directory.string(),
              ": already holds ", name, "; write into an empty directory");
    }
    const std::vector<tensor_list> shards = split(max_shard_bytes);
    if (shards.size() == 1) {
      write_file(directory / single_name, shards[0]);
      return;
    }
    files::json weight_map = files::json::object();
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < shards.size(); ++i) {
      const std::string name = shard_name(i + 1, shards.size());
      write_file(directory / name, shards[i]);
      for (const pending_tensor* tensor : shards[i]) {
        weight_map[tensor->name] = name;
        total += tensor->size;
      }
    }
    files::write_json(directory / index_name, {{"metadata", {{"total_size", total}}},
                                               {"weight_map", std::move(weight_map)}});
  }

 private:
  // Encodes `count` elements from the `first` on; false when a finite one becomes infinite.
  using encoder = bool (*)(const void* data, std::size_t first, std::size_t count, std::byte* out);

  struct pending_tensor {
    std::string name;
    io::dtype stored_as;
    std::vector<std::int64_t> shape;
    std::uint64_t size;  // bytes in the file
    const void* data;
    encoder encode;
  };
  using tensor_list = std::vector<const pending_tensor*>;

  template <class T, class Stored>
  static bool encode_as(const void* data, std::size_t first, std::size_t count, std::byte* out) {
    const T* source = static_cast<const T*>(data) + first;
    if constexpr (std::is_same_v<T, Stored>) {
      std::memcpy(out, source, count * sizeof(T));
      return true;
    } else {
      bool fits = true;
      for (std::size_t i = 0; i < count; ++i) {
        const auto stored = narrow<Stored>(source[i]);
        fits = fits && (std::isfinite(static_cast<float>(stored)) || !std::isfinite(source[i]));
        std::memcpy(out + i * sizeof(Stored), &stored, sizeof(Stored));
      }
      return fits;
    }
  }

  template <class Stored, class T>
  static Stored narrow(T value) {
    if constexpr (std::is_floating_point_v<Stored>) {
      return static_cast<Stored>(value);
    } else {
      // half and bf16 are made from float only, so a double is rounded twice.
      return Stored(static_cast<float>(value));
    }
  }

  template <class T>
  static encoder find_encoder(dtype stored_as) {
    if (stored_as == dtype_of<T>()) return &encode_as<T, T>;
    if constexpr (std::is_floating_point_v<T>) {
      if (stored_as == dtype::f32) return &encode_as<T, float>;
      if (stored_as == dtype::f64) return &encode_as<T, double>;
      if (stored_as == dtype::f16) return &encode_as<T, half>;
      if (stored_as == dtype::bf16) return &encode_as<T, bf16>;
    }
    return nullptr;
  }

  tensor_list all_tensors() const {
    tensor_list list;
    for (const pending_tensor& tensor : tensors_) list.push_back(&tensor);
    return list;
  }

  std::vector<tensor_list> split(std::uint64_t max_shard_bytes) const {
    std::vector<tensor_list> shards(1);
    std::uint64_t size = 0;
    for (const pending_tensor& tensor : tensors_) {
      if (!shards.back().empty() && size + tensor.size > max_shard_bytes) {
        shards.emplace_back();
        size = 0;
      }
      shards.back().push_back(&tensor);
      size += tensor.size;
    }
    return shards;
  }

  static std::string shard_name(std::size_t number, std::size_t count) {
    char name[80];
    std::snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", number, count);
    return name;
  }

  std::string header_text(const tensor_list& tensors, const std::string& where) const {
    std::string text = "{";
    if (!metadata_.empty())
      text += "\"__metadata__\":" + files::json_text(files::json(metadata_), where);
    std::uint64_t position = 0;
    for (const pending_tensor* tensor : tensors) {
      if (text.size() > 1) text += ',';
      text += files::json_text(files::json(tensor->name), where) + ":{\"dtype\":\"";
      text += dtype_name(tensor->stored_as);
      text += "\",\"shape\":" + files::json(tensor->shape).dump() + ",\"data_offsets\":[";
      text += std::to_string(position) + ',' + std::to_string(position + tensor->size) + "]}";
      position += tensor->size;
    }
    text += '}';
    text.append((8 - text.size() % 8) % 8, ' ');
    return text;
  }

  // By falling alignment, so that 8-byte types start 8-aligned in the file, then by name.
  static void sort_as_reference(tensor_list& tensors) {
    std::sort(tensors.begin(), tensors.end(),
              [](const pending_tensor* left, const pending_tensor* right) {
                if (left->stored_as != right->stored_as) return left->stored_as > right->stored_as;
                return left->name < right->name;
              });
  }

  std::uint64_t write_file(const std::filesystem::path& path, tensor_list tensors) const {
    sort_as_reference(tensors);
    const std::string header = header_text(tensors, path.string());
    const std::uint64_t length = header.size();
    require(length <= max_safetensors_header, path.string(), ": the header of ", tensors.size(),
            " tensors takes ", length, " bytes, more than the format allows");
    files::atomic_file file(path);
    file.write(&length, sizeof length);
    file.write(header.data(), header.size());
    for (const pending_tensor* tensor : tensors) write_data(*tensor, file, path);
    file.commit();
    return file.hash();
  }

  static void write_data(const pending_tensor& tensor, files::atomic_file& file,
                         const std::filesystem::path& path) {
    constexpr std::size_t chunk = std::size_t{1} << 16;  // elements
    const std::size_t item = static_cast<std::size_t>(dtype_bits(tensor.stored_as) / 8);
    const std::size_t count = static_cast<std::size_t>(tensor.size) / item;
    std::vector<std::byte> buffer(std::min(count, chunk) * item);
    for (std::size_t first = 0; first < count; first += chunk) {
      const std::size_t part = std::min(chunk, count - first);
      require(tensor.encode(tensor.data, first, part, buffer.data()), path.string(), ": tensor \"",
              tensor.name, "\" has a value too large for ", dtype_name(tensor.stored_as));
      file.write(buffer.data(), part * item);
    }
  }

  std::vector<pending_tensor> tensors_;
  std::set<std::string> names_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace radlads::io
