// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a file is compressed, by its name or its first bytes, and its content.

#include "radlads/files/gzip.hpp"
#include "radlads/files/zstd.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace radlads::files {

enum class compression { none, gzip, zstd };

/// By the extension: .gz, .zst, or none.
inline compression compression_of_name(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  if (extension == ".gz") return compression::gzip;
  return extension == ".zst" ? compression::zstd : compression::none;
}

/// By the first bytes, for what has no name.
inline compression compression_of_bytes(std::string_view bytes) {
  if (bytes.starts_with("\x1f\x8b")) return compression::gzip;
  return bytes.starts_with("\x28\xb5\x2f\xfd") ? compression::zstd : compression::none;
}

/// The whole content of compressed bytes. Throws as decompress_gzip and decompress_zstd do.
inline std::string decompress(compression how, std::string_view bytes, const std::string& name) {
  std::string content;
  const auto take = [&](std::string_view part) { content += part; };
  if (how == compression::gzip) decompress_gzip(bytes, name, take);
  if (how == compression::zstd) decompress_zstd(bytes, name, take);
  if (how == compression::none) content = bytes;
  return content;
}

}  // namespace radlads::files
