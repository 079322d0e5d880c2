// SPDX-License-Identifier: Apache-2.0
#pragma once
// Tensors of a safetensors file, or of a model directory with one file or several shards.

#include "radlads/core/error.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/files/json.hpp"
#include "radlads/files/mapped.hpp"
#include "radlads/io/safetensors_header.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace radlads::io {

/// One open file. Move-only; entries stay valid until it is destroyed.
class safetensors_file {
 public:
  /// Maps the file and checks its header and the place of every tensor.
  static safetensors_file open(const std::filesystem::path& path) {
    safetensors_file file;
    file.path_ = std::make_unique<const std::string>(path.string());
    file.map_ = files::mapped_file::open(path);
    file.header_ = read_safetensors_header(file.map_.bytes(), *file.path_);
    return file;
  }

  const std::string& path() const { return *path_; }
  const std::map<std::string, std::string>& metadata() const { return header_.metadata; }
  /// The whole file, header included.
  std::span<const std::byte> bytes() const { return map_.bytes(); }
  /// All tensors, sorted by name.
  const std::vector<tensor_entry>& tensors() const { return header_.tensors; }

  /// The names, sorted.
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const tensor_entry& entry : tensors()) names.push_back(entry.name);
    return names;
  }

  /// The tensor of that name, or null.
  const tensor_entry* find(std::string_view name) const {
    const auto place = std::lower_bound(
        tensors().begin(), tensors().end(), name,
        [](const tensor_entry& entry, std::string_view wanted) { return entry.name < wanted; });
    return place != tensors().end() && place->name == name ? &*place : nullptr;
  }

 private:
  safetensors_file() = default;

  // On the heap, since entries point to it and the file may be moved.
  std::unique_ptr<const std::string> path_;
  files::mapped_file map_;
  safetensors_header header_;
};

inline constexpr std::string_view single_file_name = "model.safetensors";
inline constexpr std::string_view index_file_name = "model.safetensors.index.json";

/// Whether a directory has weights that safetensors_set opens.
inline bool holds_safetensors(const std::filesystem::path& directory) {
  std::error_code code;
  return std::filesystem::exists(directory / single_file_name, code) ||
         std::filesystem::exists(directory / index_file_name, code);
}

/// A model directory as one set of tensors. Move-only; entries stay valid until it is destroyed.
class safetensors_set {
 public:
  /// Opens a directory that holds model.safetensors or else, as transformers does,
  /// model.safetensors.index.json with its shards; or opens a single file. Throws naming a missing
  /// shard, a tensor that is not in the shard named for it, or a shard name that is not a plain
  /// file name. A head that only the index names is none: tied models are saved so.
  static safetensors_set open(const std::filesystem::path& path) {
    std::error_code code;
    const std::filesystem::path index = path / index_file_name;
    const bool is_directory = std::filesystem::is_directory(path, code);
    const std::filesystem::path file = is_directory ? path / single_file_name : path;
    const bool is_single = std::filesystem::exists(file, code);
    const bool has_index = is_directory && std::filesystem::exists(index, code);
    safetensors_set set;
    if (has_index && is_single) {
      set.notes_.push_back(concatenate(path.string(), " holds ", single_file_name, " beside ",
                                       index_file_name, "; the single file is read"));
    }
    if (has_index && !is_single) {
      set.open_shards(path, index);
    } else {
      require(is_single, path.string(),
              is_directory ? ": holds neither model.safetensors nor model.safetensors.index.json"
                           : ": no such file or directory");
      set.files_.push_back(safetensors_file::open(file));
      for (const tensor_entry& entry : set.files_[0].tensors()) {
        set.tensors_.emplace(entry.name, &entry);
      }
    }
    return set;
  }

  /// The open files, in the order of their names.
  const std::vector<safetensors_file>& files() const { return files_; }

  /// The names, sorted.
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& [name, entry] : tensors_) names.emplace_back(name);
    return names;
  }

  /// Sentences about what a user may not expect of the choice of files.
  const std::vector<std::string>& notes() const { return notes_; }

  /// The tensor of that name, or null.
  const tensor_entry* find(std::string_view name) const {
    const auto place = tensors_.find(name);
    return place == tensors_.end() ? nullptr : place->second;
  }

 private:
  safetensors_set() = default;

  static bool is_plain_file_name(const std::string& name) {
    return !name.empty() && name != "." && name != ".." &&
           name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
  }

  void open_shards(const std::filesystem::path& directory, const std::filesystem::path& index) {
    const std::string where = index.string();
    files::json whole = files::read_json(index);
    const files::json_clearer clearer(whole);
    const files::json& map = files::json_object(whole, "weight_map", where);
    std::map<std::string, std::vector<std::string>> names_of_shard;
    for (const auto& [name, shard] : map.items()) {
      const std::string file = files::json_get<std::string>(map, name, where);
      require(is_plain_file_name(file), where, ": tensor \"", name,
              "\" must be in a file of the same directory, found ", files::json_quote(shard));
      names_of_shard[file].push_back(name);
    }
    files_.reserve(names_of_shard.size());
    for (const auto& [file, names] : names_of_shard) {
      std::error_code code;
      require(std::filesystem::exists(directory / file, code), where, ": shard ", file,
              " is missing; it should hold ", names.size(), " tensors, \"", names[0],
              "\" among them");
      files_.push_back(safetensors_file::open(directory / file));
      for (const std::string& name : names) {
        const tensor_entry* entry = files_.back().find(name);
        if (entry == nullptr && name == "lm_head.weight") continue;
        require(entry != nullptr, where, ": tensor \"", name, "\" is not in ", file,
                ", the shard named for it");
        tensors_.emplace(entry->name, entry);
      }
    }
  }

  std::vector<safetensors_file> files_;
  std::map<std::string_view, const tensor_entry*> tensors_;
  std::vector<std::string> notes_;
};

/// What read_tensor fills: floating point from any of F32, F64, F16 and BF16, and 32- and 64-bit
/// integers from the same type only.
template <class T>
concept readable_scalar = std::same_as<T, float> || std::same_as<T, double> ||
    std::same_as<T, std::int32_t> || std::same_as<T, std::int64_t>;

/// Converts `count` stored elements at any alignment; false when a finite one becomes infinite.
template <class Stored, class T>
bool convert_stored(const std::byte* data, std::size_t count, T* out) {
  if constexpr (std::is_same_v<Stored, T>) {
    if (count > 0) std::memcpy(out, data, count * sizeof(T));
    return true;
  } else {
    bool fits = true;
    for (std::size_t i = 0; i < count; ++i) {
      Stored value;
      std::memcpy(&value, data + i * sizeof(Stored), sizeof(Stored));
      if constexpr (std::is_floating_point_v<Stored>) {
        out[i] = static_cast<T>(value);
        fits = fits && (std::isfinite(out[i]) || !std::isfinite(value));
      } else {
        out[i] = static_cast<T>(static_cast<float>(value));
      }
    }
    return fits;
  }
}

/// Writes all elements to `out`, row-major, overwriting. Throws naming the tensor, its file, and
/// the expected and found shape or type, or when a finite F64 value is too large for float.
template <readable_scalar T>
void read_tensor(const tensor_entry& entry, std::span<const std::int64_t> expected_shape, T* out) {
  require(std::ranges::equal(entry.shape, expected_shape), entry.file, ": tensor \"", entry.name,
          "\" has shape ", shape_text(entry.shape), ", expected ", shape_text(expected_shape));
  const std::size_t count = entry.size * 8 / dtype_bits(entry.dtype);
  if constexpr (std::is_floating_point_v<T>) {
    const auto convert = [&] {
      switch (entry.dtype) {
        case dtype::f32:
          return convert_stored<float>(entry.data, count, out);
        case dtype::f64:
          return convert_stored<double>(entry.data, count, out);
        case dtype::f16:
          return convert_stored<half>(entry.data, count, out);
        case dtype::bf16:
          return convert_stored<bf16>(entry.data, count, out);
        default:
          break;
      }
      fail(entry.file, ": tensor \"", entry.name, "\" is ", dtype_name(entry.dtype),
           ", expected F32, F16, BF16 or F64");
    };
    require(convert(), entry.file, ": tensor \"", entry.name, "\" has a value too large for float");
  } else {
    constexpr dtype expected = sizeof(T) == 4 ? dtype::i32 : dtype::i64;
    require(entry.dtype == expected, entry.file, ": tensor \"", entry.name, "\" is ",
            dtype_name(entry.dtype), ", expected ", dtype_name(expected));
    convert_stored<T>(entry.data, count, out);
  }
}

}  // namespace radlads::io
