// SPDX-License-Identifier: Apache-2.0
#pragma once
// The header of a safetensors file: u64 n, n bytes of JSON, data. Everything in it is checked
// against the length of the file before any of it is believed.

#include "radlads/core/error.hpp"
#include "radlads/files/json.hpp"
#include "radlads/io/dtype.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::io {

static_assert(std::endian::native == std::endian::little,
              "safetensors data are little-endian and are read without a swap");

/// One tensor of an open file. `data` points into the mapped file, at any alignment, and lives
/// as long as it; so does `file`, the path for messages.
struct tensor_entry {
  std::string name;
  io::dtype dtype = io::dtype::u8;
  std::vector<std::int64_t> shape;
  const std::byte* data = nullptr;
  std::size_t size = 0;  // bytes
  std::string_view file;
};

/// What a header says, checked: tensors sorted by name, metadata by key.
struct safetensors_header {
  std::vector<tensor_entry> tensors;
  std::map<std::string, std::string> metadata;
};

/// The reference reader's limit on the JSON, in bytes.
inline constexpr std::uint64_t max_safetensors_header = 100'000'000;
/// Longest shape accepted, so that a header of ones does not become an array eight times its size.
inline constexpr std::size_t max_safetensors_rank = 64;

/// Event reader of the header's JSON. It holds one tensor at a time besides the finished ones,
/// and stops at the first thing that does not belong.
class safetensors_header_reader {
 public:
  /// A tensor and its place in the data section.
  struct placed_tensor {
    tensor_entry entry;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };

  explicit safetensors_header_reader(std::string_view file) : file_(file) {}

  std::vector<placed_tensor> tensors;
  std::map<std::string, std::string> metadata;

  bool start_object(std::size_t) {
    if (place_ == place::outside) return move_to(place::top);
    if (place_ == place::tensor_begin) return move_to(place::tensor_key);
    if (place_ == place::metadata_begin) return move_to(place::metadata_key);
    return refuse("an object");
  }

  bool key(std::string& text) {
    if (place_ == place::top) {
      name_ = std::move(text);
      require(name_.find('\0') == std::string::npos, file_, ": a tensor name has a zero byte");
      if (name_ == "__metadata__") {
        require(!std::exchange(has_metadata_, true), file_, ": \"__metadata__\" appears twice");
        return move_to(place::metadata_begin);
      }
      current_ = {};
      has_dtype_ = has_shape_ = false;
      offsets_ = 0;
      has_offsets_ = false;
      return move_to(place::tensor_begin);
    }
    if (place_ == place::metadata_key) {
      metadata_name_ = std::move(text);
      return move_to(place::metadata_value);
    }
    return tensor_key(text);
  }

  bool string(std::string& text) {
    if (place_ == place::dtype) {
      const std::optional<dtype> type = find_dtype(text);
      require(type.has_value(), file_, ": tensor \"", name_, "\" has the unknown dtype \"", text,
              "\"");
      current_.entry.dtype = *type;
      return move_to(place::tensor_key);
    }
    if (place_ == place::metadata_value) {
      const bool is_new = metadata.emplace(std::move(metadata_name_), std::move(text)).second;
      require(is_new, file_, ": a key of \"__metadata__\" appears twice");
      return move_to(place::metadata_key);
    }
    return refuse("a string");
  }

  bool start_array(std::size_t) {
    if (place_ == place::shape_begin) return move_to(place::shape);
    if (place_ == place::offsets_begin) return move_to(place::offsets);
    return refuse("a list");
  }

  bool number_unsigned(std::uint64_t value) {
    if (place_ == place::shape) {
      std::vector<std::int64_t>& shape = current_.entry.shape;
      require(std::in_range<std::int64_t>(value) && shape.size() < max_safetensors_rank, file_,
              ": the shape of tensor \"", name_, "\" is too large");
      shape.push_back(static_cast<std::int64_t>(value));
      return true;
    }
    if (place_ == place::offsets && offsets_ < 2) {
      (offsets_++ == 0 ? current_.begin : current_.end) = value;
      return true;
    }
    return refuse("a number");
  }

  bool end_array() {
    if (place_ == place::offsets && offsets_ != 2) return refuse("a list of another length");
    return move_to(place::tensor_key);
  }

  bool end_object() {
    if (place_ == place::top) return move_to(place::after);
    if (place_ == place::metadata_key) return move_to(place::top);
    require(has_dtype_ && has_shape_ && has_offsets_, file_, ": tensor \"", name_,
            "\" lacks its dtype, shape or data_offsets");
    current_.entry.name = std::move(name_);
    tensors.push_back(std::move(current_));
    return move_to(place::top);
  }

  // A minus sign, a fraction or an exponent: nothing in this format has one.
  bool number_integer(std::int64_t value) { return refuse(std::to_string(value)); }
  bool number_float(double, const std::string& text) { return refuse(text); }
  bool null() { return refuse("null"); }
  bool boolean(bool value) { return refuse(value ? "true" : "false"); }
  bool binary(std::vector<std::uint8_t>&) { return refuse("binary data"); }

  bool parse_error(std::size_t, const std::string&, const files::json::exception& failure) {
    fail(file_,
         ": the safetensors header is not valid JSON: ", files::json_error_text(failure.what()));
  }

 private:
  enum class place {
    outside,
    top,
    tensor_begin,
    tensor_key,
    dtype,
    shape_begin,
    shape,
    offsets_begin,
    offsets,
    metadata_begin,
    metadata_key,
    metadata_value,
    after
  };

  bool move_to(place next) {
    place_ = next;
    return true;
  }

  bool tensor_key(const std::string& text) {
    const auto only_once = [&](bool& seen, place next) {
      require(!std::exchange(seen, true), file_, ": tensor \"", name_, "\" has two keys \"", text,
              "\"");
      return move_to(next);
    };
    if (text == "dtype") return only_once(has_dtype_, place::dtype);
    if (text == "shape") return only_once(has_shape_, place::shape_begin);
    if (text == "data_offsets") return only_once(has_offsets_, place::offsets_begin);
    fail(file_, ": tensor \"", name_, "\" has the unknown key \"", text, "\"");
  }

  [[noreturn]] bool refuse(const std::string& found) const {
    switch (place_) {
      case place::shape_begin:
      case place::shape:
        fail(file_, ": the shape of tensor \"", name_, "\" must be a list of sizes, found ", found);
      case place::offsets_begin:
      case place::offsets:
        fail(file_, ": data_offsets of tensor \"", name_, "\" must be two byte positions, found ",
             found);
      case place::dtype:
        fail(file_, ": the dtype of tensor \"", name_, "\" must be a string, found ", found);
      case place::metadata_begin:
      case place::metadata_value:
        fail(file_, ": \"__metadata__\" must map strings to strings, found ", found);
      case place::tensor_begin:
        fail(file_, ": tensor \"", name_, "\" must be an object, found ", found);
      default:
        fail(file_, ": the safetensors header must be an object of tensors, found ", found);
    }
  }

  std::string_view file_;
  place place_ = place::outside;
  std::string name_;
  std::string metadata_name_;
  placed_tensor current_;
  int offsets_ = 0;
  bool has_dtype_ = false;
  bool has_shape_ = false;
  bool has_offsets_ = false;
  bool has_metadata_ = false;
};

/// The JSON text of a file's header; throws when the file is too short for it.
inline std::string_view safetensors_header_text(std::span<const std::byte> bytes,
                                                std::string_view file) {
  require(bytes.size() >= 8, file, ": a safetensors file has at least 8 bytes, this one has ",
          bytes.size());
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  require(length <= max_safetensors_header, file, ": the safetensors header claims ", length,
          " bytes, more than the ", max_safetensors_header,
          " allowed; is this a safetensors file?");
  require(length <= bytes.size() - 8, file, ": the safetensors header claims ", length,
          " bytes, but only ", bytes.size() - 8, " follow; the file is truncated");
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + 8, length);
  require(text.starts_with('{'), file, ": the safetensors header does not start with {");
  // The JSON parser takes a zero byte for the end of the text and would ignore what follows.
  require(text.find('\0') == std::string_view::npos, file,
          ": the safetensors header has a zero byte");
  return text;
}

/// Checks that tensors fill the data section from its first to its last byte, one after another.
inline void check_safetensors_layout(std::vector<safetensors_header_reader::placed_tensor>& tensors,
                                     std::uint64_t data_size, std::string_view file) {
  std::sort(tensors.begin(), tensors.end(), [](const auto& left, const auto& right) {
    return std::pair(left.begin, left.end) < std::pair(right.begin, right.end);
  });
  std::uint64_t position = 0;
  for (const auto& tensor : tensors) {
    const tensor_entry& entry = tensor.entry;
    require(tensor.begin <= tensor.end && tensor.end <= data_size, file, ": tensor \"", entry.name,
            "\" claims bytes ", tensor.begin, " to ", tensor.end, " of ", data_size,
            tensor.end > data_size ? "; the file is truncated" : "");
    require(tensor.begin == position, file, ": tensor \"", entry.name, "\" starts at byte ",
            tensor.begin, " of the data, expected ", position,
            tensor.begin < position ? "; it overlaps another" : "; there is a hole before it");
    const std::optional<std::uint64_t> size = tensor_bytes(entry.dtype, entry.shape);
    require(size.has_value(), file, ": the size of tensor \"", entry.name, "\" ",
            shape_text(entry.shape), " ", dtype_name(entry.dtype),
            " is not a whole number of bytes below 2^60");
    require(tensor.end - tensor.begin == *size, file, ": tensor \"", entry.name, "\" ",
            shape_text(entry.shape), " ", dtype_name(entry.dtype), " needs ", *size,
            " bytes, the file gives it ", tensor.end - tensor.begin);
    position = tensor.end;
  }
  require(position == data_size, file, ": ", data_size - position,
          " bytes after the last tensor belong to none");
}

/// Reads and checks the header of a whole file in memory. `file` is kept in the entries and must
/// outlive them, as must the bytes. Throws naming the file and the tensor.
inline safetensors_header read_safetensors_header(std::span<const std::byte> bytes,
                                                  std::string_view file) {
  const std::string_view text = safetensors_header_text(bytes, file);
  safetensors_header_reader reader(file);
  files::json::sax_parse(text.begin(), text.end(), &reader);

  const std::byte* data = bytes.data() + 8 + text.size();
  check_safetensors_layout(reader.tensors, bytes.size() - 8 - text.size(), file);
  safetensors_header header;
  header.metadata = std::move(reader.metadata);
  header.tensors.reserve(reader.tensors.size());
  for (auto& [entry, begin, end] : reader.tensors) {
    entry.data = data + begin;
    entry.size = static_cast<std::size_t>(end - begin);
    entry.file = file;
    header.tensors.push_back(std::move(entry));
  }
  const auto by_name = [](const tensor_entry& left, const tensor_entry& right) {
    return left.name < right.name;
  };
  std::sort(header.tensors.begin(), header.tensors.end(), by_name);
  for (std::size_t i = 1; i < header.tensors.size(); ++i) {
    require(header.tensors[i - 1].name != header.tensors[i].name, file, ": tensor \"",
            header.tensors[i].name, "\" appears twice");
  }
  return header;
}

}  // namespace radlads::io
