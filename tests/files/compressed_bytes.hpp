// SPDX-License-Identifier: Apache-2.0
#pragma once
// Compressed bytes made by the libraries themselves, where they are.

#include <cstddef>
#include <string>
#include <string_view>
#if defined(RADLADS_ZLIB)
#include <zlib.h>
#endif
#if defined(RADLADS_ZSTD)
#include <zstd.h>
#endif

namespace radlads::test {

#if defined(RADLADS_ZLIB)
/// One gzip member.
inline std::string gzip_of(std::string_view content) {
  z_stream stream{};
  ::deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string made(::deflateBound(&stream, content.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(made.data());
  stream.avail_out = static_cast<uInt>(made.size());
  ::deflate(&stream, Z_FINISH);
  made.resize(made.size() - stream.avail_out);
  ::deflateEnd(&stream);
  return made;
}
#endif

#if defined(RADLADS_ZSTD)
/// One Zstandard frame.
inline std::string zstd_of(std::string_view content) {
  std::string made(::ZSTD_compressBound(content.size()), '\0');
  made.resize(::ZSTD_compress(made.data(), made.size(), content.data(), content.size(), 3));
  return made;
}
#endif

}  // namespace radlads::test
