// SPDX-License-Identifier: Apache-2.0
#pragma once
// The bytes of a GGUF file, written by hand from the format's description: for tests of its reader.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::test {

/// A GGUF file in the making. Numbers are little-endian, as on the machines this library runs on.
class gguf_bytes {
 public:
  static std::string text(std::string_view value) {
    return raw(std::uint64_t{value.size()}) + std::string(value);
  }

  template <class T>
  static std::string raw(T value) {
    std::string bytes(sizeof(T), '\0');
    std::memcpy(bytes.data(), &value, sizeof(T));
    return bytes;
  }

  gguf_bytes& pair(std::string_view key, std::uint32_t type, const std::string& value) {
    pairs_ += text(key) + raw(type) + value;
    ++pair_count_;
    return *this;
  }
  gguf_bytes& string(std::string_view key, std::string_view value) {
    return pair(key, 8, text(value));
  }
  gguf_bytes& integer(std::string_view key, std::uint32_t value) {
    return pair(key, 4, raw(value));
  }
  gguf_bytes& real(std::string_view key, float value) { return pair(key, 6, raw(value)); }
  gguf_bytes& boolean(std::string_view key, bool value) {
    return pair(key, 7, raw(static_cast<std::uint8_t>(value)));
  }
  gguf_bytes& strings(std::string_view key, const std::vector<std::string>& values) {
    std::string bytes = raw(std::uint32_t{8}) + raw(std::uint64_t{values.size()});
    for (const std::string& value : values) bytes += text(value);
    return pair(key, 9, bytes);
  }
  gguf_bytes& integers(std::string_view key, const std::vector<std::int32_t>& values) {
    std::string bytes = raw(std::uint32_t{5}) + raw(std::uint64_t{values.size()});
    for (const std::int32_t value : values) bytes += raw(value);
    return pair(key, 9, bytes);
  }
  gguf_bytes& reals(std::string_view key, const std::vector<float>& values) {
    std::string bytes = raw(std::uint32_t{6}) + raw(std::uint64_t{values.size()});
    for (const float value : values) bytes += raw(value);
    return pair(key, 9, bytes);
  }

  /// A tensor: extents with the fastest first, the number of its type, its bytes.
  gguf_bytes& tensor(std::string_view name, const std::vector<std::uint64_t>& extents,
                     std::uint32_t type, const std::string& data) {
    tensors_ += text(name) + raw(static_cast<std::uint32_t>(extents.size()));
    for (const std::uint64_t extent : extents) tensors_ += raw(extent);
    tensors_ += raw(type) + raw(std::uint64_t{data_.size()});
    data_ += data;
    pad(data_);
    ++tensor_count_;
    return *this;
  }
  gguf_bytes& floats(std::string_view name, const std::vector<std::uint64_t>& extents,
                     const std::vector<float>& values) {
    std::string data(values.size() * sizeof(float), '\0');
    std::memcpy(data.data(), values.data(), data.size());
    return tensor(name, extents, 0, data);
  }

  std::string bytes(std::uint32_t version = 3) const {
    std::string file =
        "GGUF" + raw(version) + raw(tensor_count_) + raw(pair_count_) + pairs_ + tensors_;
    pad(file);
    return file + data_;
  }

 private:
  static void pad(std::string& bytes) { bytes.resize((bytes.size() + 31) / 32 * 32, '\0'); }

  std::string pairs_, tensors_, data_;
  std::uint64_t pair_count_ = 0, tensor_count_ = 0;
};

}  // namespace radlads::test
