// SPDX-License-Identifier: Apache-2.0
#pragma once
// The container of GGUF files (versions 2 and 3, little-endian): metadata by key, and where each
// tensor lies. What the keys mean and how blocks of numbers are stored is for io/gguf/ and text/.

#include "radlads/core/error.hpp"
#include "radlads/files/mapped.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <ios>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace radlads::files {

/// A list of numbers in the metadata, whatever their width.
using gguf_numbers = std::vector<double>;
/// A list of strings in the metadata; they point into the mapped file.
using gguf_strings = std::vector<std::string_view>;

/// One metadata value: integers of every width as 64 bits, floating point as double.
using gguf_value =
    std::variant<bool, std::int64_t, double, std::string_view, gguf_numbers, gguf_strings>;

/// Where a tensor lies. `extents` has the fastest axis first, as the file does.
struct gguf_tensor {
  std::string_view name;
  std::vector<std::int64_t> extents;
  std::uint32_t type = 0;    ///< number of its block type
  std::uint64_t offset = 0;  ///< from the beginning of the file
};

/// Element types of metadata.
enum class gguf_type : std::uint32_t {
  u8,
  i8,
  u16,
  i16,
  u32,
  i32,
  f32,
  boolean,
  string,
  array,
  u64,
  i64,
  f64
};

/// Whether a path is a regular file that begins as GGUF files do.
inline bool is_gguf(const std::filesystem::path& path) {
  std::error_code code;
  if (!std::filesystem::is_regular_file(path, code)) return false;
  std::array<char, 4> magic{};
  std::ifstream file(path, std::ios::binary);
  return file.read(magic.data(), magic.size()) &&
         std::string_view(magic.data(), magic.size()) == "GGUF";
}

/// One open file. Move-only; what it returns points into the file and stays valid until it is
/// destroyed.
class gguf_file {
 public:
  /// Maps the file and reads its header. Throws naming the file and the byte at which something is
  /// wrong.
  static gguf_file open(const std::filesystem::path& path) {
    gguf_file file;
    file.path_ = path.string();
    file.map_ = mapped_file::open(path);
    file.read();
    return file;
  }

  const std::string& path() const { return path_; }
  /// All tensors, by name.
  const std::map<std::string_view, gguf_tensor>& tensors() const { return tensors_; }
  const std::map<std::string_view, gguf_value>& metadata() const { return metadata_; }
  /// Bytes from `offset` to the end of the file.
  const std::byte* data(std::uint64_t offset) const { return map_.bytes().data() + offset; }
  std::uint64_t size() const { return map_.size(); }

  /// The tensor of that name, or null.
  const gguf_tensor* find_tensor(std::string_view name) const {
    const auto place = tensors_.find(name);
    return place == tensors_.end() ? nullptr : &place->second;
  }

  /// The value under `key`, or nothing. T is bool, int64, double (from any number), string_view,
  /// gguf_numbers or gguf_strings. Throws naming file, key and the expected type when it is of
  /// another one.
  template <class T>
  std::optional<T> find(std::string_view key) const {
    const auto place = metadata_.find(key);
    if (place == metadata_.end()) return std::nullopt;
    if constexpr (std::is_same_v<T, double>) {
      if (const auto* whole = std::get_if<std::int64_t>(&place->second))
        return static_cast<double>(*whole);
    }
    if constexpr (std::is_same_v<T, gguf_strings> || std::is_same_v<T, gguf_numbers>) {
      // An empty list has no elements whose type could be wrong.
      if (is_empty_list(place->second)) return T();
    }
    const T* value = std::get_if<T>(&place->second);
    require(value != nullptr, path_, ": \"", key, "\" must be ", type_words<T>(), ", found ",
            found_words(place->second));
    return *value;
  }

  /// The value under `key`; throws as find does, and when it is absent.
  template <class T>
  T get(std::string_view key) const {
    std::optional<T> value = find<T>(key);
    require(value.has_value(), path_, ": key \"", key, "\" is missing; expected ", type_words<T>());
    return *std::move(value);
  }

 private:
  static constexpr std::uint64_t max_name = 65535;  // the format's own limit for keys
  static constexpr std::size_t smallest_pair = 8 + 1 + 4 + 1;
  static constexpr std::size_t smallest_tensor = 8 + 1 + 4 + 8 + 4 + 8;

  gguf_file() = default;

  static bool is_empty_list(const gguf_value& value) {
    const auto* numbers = std::get_if<gguf_numbers>(&value);
    const auto* strings = std::get_if<gguf_strings>(&value);
    return (numbers != nullptr && numbers->empty()) || (strings != nullptr && strings->empty());
  }

  template <class T>
  static std::string_view type_words() {
    if constexpr (std::is_same_v<T, bool>) return "true or false";
    if constexpr (std::is_same_v<T, std::int64_t>) return "an integer";
    if constexpr (std::is_same_v<T, double>) return "a number";
    if constexpr (std::is_same_v<T, std::string_view>) return "a string";
    if constexpr (std::is_same_v<T, gguf_numbers>) return "a list of numbers";
    return "a list of strings";
  }

  static std::string_view found_words(const gguf_value& value) {
    constexpr std::string_view words[] = {"true or false",     "an integer",
                                          "a number",          "a string",
                                          "a list of numbers", "a list of strings"};
    return words[value.index()];
  }

  std::uint64_t room() const { return map_.size() - at_; }

  template <class T>
  T take(std::string_view what) {
    require(room() >= sizeof(T), path_, ": ends at byte ", map_.size(), ", within ", what);
    T value;
    std::memcpy(&value, map_.bytes().data() + at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }

  std::string_view take_text(std::string_view what) {
    const auto length = take<std::uint64_t>(what);
    require(length <= room(), path_, ": ", what, " at byte ", at_, " claims ", length,
            " bytes; the file has ", room(), " more");
    const std::string_view text = map_.text().substr(at_, length);
    at_ += length;
    return text;
  }

  std::string_view take_name(std::string_view what) {
    const std::uint64_t place = at_;
    const std::string_view name = take_text(what);
    require(!name.empty() && name.size() <= max_name, path_, ": ", what, " at byte ", place,
            " has ", name.size(), " letters, expected 1 to ", max_name);
    return name;
  }

  std::uint64_t take_count(std::size_t smallest, std::string_view what) {
    const auto count = take<std::uint64_t>(what);
    require(count <= room() / smallest, path_, ": claims ", count, " ", what, "; ", room(),
            " more bytes hold at most ", room() / smallest);
    return count;
  }

  static std::size_t width(gguf_type type) {
    constexpr std::size_t widths[] = {1, 1, 2, 2, 4, 4, 4, 1, 8, 0, 8, 8, 8};
    return widths[static_cast<std::size_t>(type)];
  }

  gguf_type take_type(std::string_view key) {
    const auto number = take<std::uint32_t>(key);
    require(number <= static_cast<std::uint32_t>(gguf_type::f64), path_, ": \"", key,
            "\" has the value type ", number, ", expected 0 to 12");
    return static_cast<gguf_type>(number);
  }

  std::int64_t take_unsigned_64(std::string_view key) {
    const auto value = take<std::uint64_t>(key);
    require(value <= static_cast<std::uint64_t>(INT64_MAX), path_, ": \"", key, "\" is ", value,
            ", more than 63 bits hold");
    return static_cast<std::int64_t>(value);
  }

  bool take_bool(std::string_view key) {
    const int value = take<std::uint8_t>(key);
    require(value <= 1, path_, ": \"", key, "\" is ", value, ", expected true (1) or false (0)");
    return value == 1;
  }

  /// A value that is no list.
  gguf_value take_single(gguf_type type, std::string_view key) {
    switch (type) {
      case gguf_type::u8:
        return std::int64_t{take<std::uint8_t>(key)};
      case gguf_type::i8:
        return std::int64_t{take<std::int8_t>(key)};
      case gguf_type::u16:
        return std::int64_t{take<std::uint16_t>(key)};
      case gguf_type::i16:
        return std::int64_t{take<std::int16_t>(key)};
      case gguf_type::u32:
        return std::int64_t{take<std::uint32_t>(key)};
      case gguf_type::i32:
        return std::int64_t{take<std::int32_t>(key)};
      case gguf_type::u64:
        return take_unsigned_64(key);
      case gguf_type::i64:
        return take<std::int64_t>(key);
      case gguf_type::f32:
        return static_cast<double>(take<float>(key));
      case gguf_type::f64:
        return take<double>(key);
      case gguf_type::boolean:
        return take_bool(key);
      case gguf_type::string:
        return take_text(key);
      case gguf_type::array:
        break;
    }
    fail(path_, ": \"", key, "\" is a list of lists, which no known key is");
  }

  static double number_of(const gguf_value& value) {
    if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
    if (const auto* truth = std::get_if<bool>(&value)) return *truth ? 1 : 0;
    return std::get<double>(value);
  }

  gguf_value take_list(std::string_view key) {
    const gguf_type type = take_type(key);
    require(type != gguf_type::array, path_, ": \"", key,
            "\" is a list of lists, which no known key is");
    const std::uint64_t count = take_count(width(type), "elements of a list");
    if (type == gguf_type::string) {
      gguf_strings strings;
      strings.reserve(count);
      for (std::uint64_t i = 0; i < count; ++i) strings.push_back(take_text(key));
      return strings;
    }
    gguf_numbers numbers;
    numbers.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) numbers.push_back(number_of(take_single(type, key)));
    return numbers;
  }

  void read() {
    require(map_.text().starts_with("GGUF"), path_,
            ": does not begin with GGUF; is this a GGUF file?");
    at_ = 4;
    const auto version = take<std::uint32_t>("the version");
    require(version == 2 || version == 3, path_, ": GGUF version ", version,
            version > 0xffff ? " (a big-endian file?)" : "", ", expected 2 or 3");
    const std::uint64_t tensor_count = take_count(smallest_tensor, "tensors");
    const std::uint64_t pair_count = take_count(smallest_pair, "metadata pairs");
    for (std::uint64_t i = 0; i < pair_count; ++i) {
      const std::string_view key = take_name("a metadata key");
      const gguf_type type = take_type(key);
      gguf_value value = type == gguf_type::array ? take_list(key) : take_single(type, key);
      require(metadata_.emplace(key, std::move(value)).second, path_, ": key \"", key,
              "\" appears twice");
    }
    for (std::uint64_t i = 0; i < tensor_count; ++i) read_tensor();
    place_tensors();
  }

  void read_tensor() {
    gguf_tensor tensor;
    tensor.name = take_name("a tensor name");
    const auto rank = take<std::uint32_t>(tensor.name);
    require(rank >= 1 && rank <= 4, path_, ": tensor \"", tensor.name, "\" has ", rank,
            " axes, expected 1 to 4");
    std::int64_t count = 1;
    for (std::uint32_t axis = 0; axis < rank; ++axis) {
      const auto extent = take<std::uint64_t>(tensor.name);
      require(extent >= 1 && extent <= static_cast<std::uint64_t>(INT64_MAX / count), path_,
              ": tensor \"", tensor.name, "\" has the extent ", extent, " on axis ", axis,
              "; its elements do not fit 63 bits, or there are none");
      count *= static_cast<std::int64_t>(extent);
      tensor.extents.push_back(static_cast<std::int64_t>(extent));
    }
    tensor.type = take<std::uint32_t>(tensor.name);
    tensor.offset = take<std::uint64_t>(tensor.name);
    require(tensors_.emplace(tensor.name, tensor).second, path_, ": tensor \"", tensor.name,
            "\" appears twice");
  }

  /// Offsets from the beginning of the file, which is where the data begin rounded up.
  void place_tensors() {
    const std::int64_t alignment = find<std::int64_t>("general.alignment").value_or(32);
    const bool is_power =
        alignment > 0 && (alignment & (alignment - 1)) == 0 && alignment <= 1 << 20;
    require(is_power, path_, ": \"general.alignment\" is ", alignment,
            ", expected a power of two up to 1048576");
    const auto step = static_cast<std::uint64_t>(alignment);
    const std::uint64_t begin = (at_ + step - 1) / step * step;
    for (auto& [name, tensor] : tensors_) {
      require(tensor.offset % step == 0, path_, ": tensor \"", name, "\" is at offset ",
              tensor.offset, ", not a multiple of the alignment ", alignment);
      require(begin <= map_.size() && tensor.offset <= map_.size() - begin, path_, ": tensor \"",
              name, "\" is at offset ", tensor.offset, " of the data, which begin at byte ", begin,
              " of ", map_.size());
      tensor.offset += begin;
    }
  }

  std::string path_;
  mapped_file map_;
  std::uint64_t at_ = 0;
  std::map<std::string_view, gguf_value> metadata_;
  std::map<std::string_view, gguf_tensor> tensors_;
};

}  // namespace radlads::files
