// SPDX-License-Identifier: Apache-2.0
#pragma once
// Writes the container of GGUF files (version 3, little-endian): metadata, then tensors, each at a
// multiple of the alignment. The file appears whole or not at all.

#include "radlads/core/error.hpp"
#include "radlads/files/atomic.hpp"
#include "radlads/files/gguf.hpp"

#include <cstddef>
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

namespace radlads::files {

/// The format's type of a C++ type: integers by width and sign, float, double, bool, and texts.
template <class T>
consteval gguf_type gguf_type_of() {
  if constexpr (std::is_same_v<T, bool>)
    return gguf_type::boolean;
  else if constexpr (std::is_same_v<T, float>)
    return gguf_type::f32;
  else if constexpr (std::is_same_v<T, double>)
    return gguf_type::f64;
  else if constexpr (std::is_convertible_v<T, std::string_view>)
    return gguf_type::string;
  else if constexpr (std::is_integral_v<T> && sizeof(T) == 1)
    return std::is_signed_v<T> ? gguf_type::i8 : gguf_type::u8;
  else if constexpr (std::is_integral_v<T> && sizeof(T) == 2)
    return std::is_signed_v<T> ? gguf_type::i16 : gguf_type::u16;
  else if constexpr (std::is_integral_v<T> && sizeof(T) == 4)
    return std::is_signed_v<T> ? gguf_type::i32 : gguf_type::u32;
  else if constexpr (std::is_integral_v<T> && sizeof(T) == 8)
    return std::is_signed_v<T> ? gguf_type::i64 : gguf_type::u64;
  else
    static_assert(!sizeof(T), "GGUF metadata has no such type");
}

/// Where the bytes of one tensor go; counts them.
class gguf_tensor_sink {
 public:
  explicit gguf_tensor_sink(atomic_file& file) : file_(file) {}
  void write(const void* data, std::size_t size) {
    file_.write(data, size);
    written_ += size;
  }
  std::uint64_t written() const { return written_; }

 private:
  atomic_file& file_;
  std::uint64_t written_ = 0;
};

/// Collects metadata and descriptions of tensors, then writes them. A tensor's bytes are asked for
/// when it is its turn, so that no more than one of them need be in memory.
class gguf_writer {
 public:
  /// Writes all bytes of one tensor to the sink.
  using bytes_source = std::function<void(gguf_tensor_sink&)>;

  /// Readers of the reference implementation keep names in this many bytes, with a zero behind.
  static constexpr std::size_t longest_tensor_name = 63;

  /// `alignment` is a power of two that is a multiple of eight.
  explicit gguf_writer(std::uint32_t alignment = 32) : alignment_(alignment) {
    require(alignment >= 8 && (alignment & (alignment - 1)) == 0, "gguf_writer: the alignment is ",
            alignment, ", expected a power of two from 8 on");
    if (alignment != 32) add("general.alignment", alignment);
  }

  /// Adds one value. Throws when the key is empty, too long or used before.
  template <class T>
  void add(std::string_view key, const T& value) {
    put_key(key);
    put(static_cast<std::uint32_t>(gguf_type_of<T>()));
    put_value(value);
  }

  /// Adds a list, as add does.
  template <class T>
  void add_list(std::string_view key, const std::vector<T>& values) {
    put_key(key);
    put(static_cast<std::uint32_t>(gguf_type::array));
    put(static_cast<std::uint32_t>(gguf_type_of<T>()));
    put(std::uint64_t{values.size()});
    for (const T& value : values) put_value(value);
  }

  /// Adds a tensor of `size` bytes in the file; `extents` has the fastest axis first, `type` is the
  /// number of its block type. Throws on a name used before or too long, and unless there are 1 to
  /// 4 positive extents.
  void add_tensor(std::string_view name, std::span<const std::int64_t> extents, std::uint32_t type,
                  std::uint64_t size, bytes_source source) {
    require(!name.empty() && name.size() <= longest_tensor_name, "gguf_writer: the tensor name \"",
            name, "\" has ", name.size(), " letters, expected 1 to ", longest_tensor_name);
    require(names_.emplace(name).second, "gguf_writer: two tensors are called \"", name, "\"");
    require(!extents.empty() && extents.size() <= 4, "gguf_writer: tensor \"", name, "\" has ",
            extents.size(), " axes, expected 1 to 4");
    put_text(name, infos_);
    put(static_cast<std::uint32_t>(extents.size()), infos_);
    for (const std::int64_t extent : extents) {
      require(extent > 0, "gguf_writer: tensor \"", name, "\" has the extent ", extent,
              ", expected a positive one");
      put(static_cast<std::uint64_t>(extent), infos_);
    }
    put(type, infos_);
    put(position_, infos_);
    tensors_.push_back({std::string(name), size, std::move(source)});
    position_ += size + padding(size);
  }

  /// Writes the file, or replaces it. Throws naming the path, and the tensor whose source gives
  /// another number of bytes than it was added with; an older file then stays as it was.
  void write(const std::filesystem::path& path) const {
    atomic_file file(path);
    std::string head = "GGUF";
    put(std::uint32_t{3}, head);
    put(std::uint64_t{tensors_.size()}, head);
    put(std::uint64_t{keys_.size()}, head);
    head += pairs_;
    head += infos_;
    head.append(padding(head.size()), '\0');
    file.write(head.data(), head.size());
    const std::string zeros(alignment_, '\0');
    for (const pending_tensor& tensor : tensors_) {
      gguf_tensor_sink sink(file);
      tensor.source(sink);
      require(sink.written() == tensor.size, path.string(), ": tensor \"", tensor.name, "\" gave ",
              sink.written(), " bytes, expected ", tensor.size);
      file.write(zeros.data(), padding(tensor.size));
    }
    file.commit();
  }

 private:
  struct pending_tensor {
    std::string name;
    std::uint64_t size;
    bytes_source source;
  };

  template <class T>
  static void put(const T& value, std::string& to) {
    to.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  template <class T>
  void put(const T& value) {
    put(value, pairs_);
  }

  static void put_text(std::string_view text, std::string& to) {
    put(std::uint64_t{text.size()}, to);
    to += text;
  }

  template <class T>
  void put_value(const T& value) {
    if constexpr (std::is_same_v<T, bool>)
      put(static_cast<std::uint8_t>(value));
    else if constexpr (std::is_convertible_v<T, std::string_view>)
      put_text(value, pairs_);
    else
      put(value);
  }

  void put_key(std::string_view key) {
    constexpr std::size_t longest = 65535;  // the format's limit
    require(!key.empty() && key.size() <= longest, "gguf_writer: a key has ", key.size(),
            " letters, expected 1 to ", longest);
    require(keys_.emplace(key).second, "gguf_writer: key \"", key, "\" is added twice");
    put_text(key, pairs_);
  }

  std::size_t padding(std::uint64_t size) const {
    return static_cast<std::size_t>((alignment_ - size % alignment_) % alignment_);
  }

  std::uint32_t alignment_;
  std::string pairs_, infos_;
  std::set<std::string, std::less<>> keys_, names_;
  std::vector<pending_tensor> tensors_;
  std::uint64_t position_ = 0;
};

}  // namespace radlads::files
