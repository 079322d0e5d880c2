// SPDX-License-Identifier: Apache-2.0
#pragma once
// Ids of a text kept in a file, so that the text is encoded once: NAME.radlads-ids-KEY.bin beside
// the text or, where that cannot be written, in the user's cache folder. Of several files the first
// gives name and place; standard input has its ids in the cache folder. What is damaged is found by
// a hash and counts as absent.

#include "radlads/core/error.hpp"
#include "radlads/core/hash.hpp"
#include "radlads/data/text_paths.hpp"
#include "radlads/data/token_stream.hpp"
#include "radlads/files/atomic.hpp"
#include "radlads/files/mapped.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iomanip>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace radlads::data {

/// $XDG_CACHE_HOME/radlads, else ~/.cache/radlads; empty when neither variable says where.
inline std::filesystem::path user_cache_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  // The specification has relative paths ignored.
  if (cache != nullptr && cache[0] == '/') return std::filesystem::path(cache) / "radlads";
  const char* home = std::getenv("HOME");
  if (home == nullptr || home[0] != '/') return {};
  return std::filesystem::path(home) / ".cache" / "radlads";
}

/// The kept ids of one text.
///
/// The file holds five 64-bit numbers (magic, version, key, documents, tokens), the first token of
/// each document and the end as 64-bit numbers, the ids as 32-bit ones, and a stream_hash of all
/// that, in the byte order of the machine.
class token_cache {
 public:
  /// `key` is a hash of everything that the ids depend on: text, tokenizer and how it is used.
  /// `more` files belong to the text beside `text`.
  token_cache(const std::filesystem::path& text, std::uint64_t key, std::size_t more = 0)
      : key_(key) {
    const bool is_file = text != standard_input;
    std::ostringstream name;
    name << (is_file ? text.filename().string() : "stdin");
    if (more > 0) name << '+' << more;
    name << ".radlads-ids-" << std::hex << std::setw(16) << std::setfill('0') << key << ".bin";
    if (is_file) places_.push_back(text.parent_path() / name.str());
    if (!folder_.empty()) places_.push_back(folder_ / name.str());
  }

  /// Where the ids may lie, in the order in which they are looked for.
  const std::vector<std::filesystem::path>& places() const { return places_; }

  /// The ids, or nothing. A file that is there and cannot be used is named in `problems`.
  std::optional<token_stream> find(std::vector<std::string>& problems) const {
    for (const std::filesystem::path& place : places_) {
      std::error_code ignored;
      if (!std::filesystem::exists(place, ignored)) continue;
      try {
        return read(place);
      } catch (const error& problem) {
        problems.emplace_back(problem.what());
      }
    }
    return std::nullopt;
  }

  /// Keeps ids at the first place that can be written; false, with the reasons, when none can.
  bool keep(const token_stream& stream, std::vector<std::string>& problems) const {
    for (const std::filesystem::path& place : places_) {
      try {
        if (!folder_.empty() && place == places_.back()) {
          std::filesystem::create_directories(folder_);
        }
        write(place, stream);
        return true;
      } catch (const error& problem) {
        problems.emplace_back(problem.what());
      } catch (const std::filesystem::filesystem_error& problem) {
        problems.emplace_back(problem.what());
      }
    }
    return false;
  }

 private:
  static constexpr std::uint64_t magic = 0x7364692d64616c72u, version = 1;
  using header = std::array<std::uint64_t, 5>;

  token_stream read(const std::filesystem::path& place) const {
    const files::mapped_file file = files::mapped_file::open(place);
    const std::string_view bytes = file.text();
    const auto check = [&](bool holds) { require(holds, place.string(), ": is damaged"); };
    header head{};
    std::uint64_t hash = 0;
    check(bytes.size() >= sizeof(head) + sizeof(hash));
    std::memcpy(head.data(), bytes.data(), sizeof(head));
    const auto [file_magic, file_version, key, documents, tokens] = head;
    check(file_magic == magic && file_version == version && key == key_);
    // No product below overflows when both counts are below the number of bytes.
    check(documents < bytes.size() / 8 && tokens < bytes.size() / 4);
    const std::size_t offsets_size = (documents + 1) * sizeof(std::int64_t);
    const std::size_t ids_size = tokens * sizeof(std::int32_t);
    check(bytes.size() == sizeof(head) + offsets_size + ids_size + sizeof(hash));
    std::memcpy(&hash, bytes.end() - sizeof(hash), sizeof(hash));
    const std::string_view content = bytes.substr(0, bytes.size() - sizeof(hash));
    check(stream_hash().update(content).value() == hash);
    std::vector<std::int64_t> offsets(documents + 1);
    std::vector<std::int32_t> ids(tokens);
    std::memcpy(offsets.data(), content.data() + sizeof(head), offsets_size);
    if (ids_size > 0) std::memcpy(ids.data(), content.end() - ids_size, ids_size);
    return token_stream::from_flat(std::move(ids), std::move(offsets));
  }

  void write(const std::filesystem::path& place, const token_stream& stream) const {
    constexpr std::int64_t block = 1 << 16;
    files::atomic_file file(place);
    stream_hash hash;
    const auto put = [&](const void* data, std::size_t size) {
      hash.update(data, size);
      file.write(data, size);
    };
    const std::vector<std::int64_t> offsets = stream.document_offsets();
    const header head{magic, version, key_, offsets.size() - 1,
                      static_cast<std::uint64_t>(stream.size())};
    put(head.data(), sizeof(head));
    put(offsets.data(), offsets.size() * sizeof(std::int64_t));
    std::vector<std::int32_t> ids(static_cast<std::size_t>(block));
    for (std::int64_t first = 0; first < stream.size(); first += block) {
      const std::int64_t count = std::min(block, stream.size() - first);
      stream.copy(first, count, ids.data());
      put(ids.data(), static_cast<std::size_t>(count) * sizeof(std::int32_t));
    }
    const std::uint64_t value = hash.value();
    file.write(&value, sizeof(value));
    file.commit();
  }

  std::filesystem::path folder_ = user_cache_folder();
  std::vector<std::filesystem::path> places_;
  std::uint64_t key_;
};

}  // namespace radlads::data
