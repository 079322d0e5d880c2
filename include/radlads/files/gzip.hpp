// SPDX-License-Identifier: Apache-2.0
#pragma once
// Files of gzip, by zlib where the target radlads::zlib is linked (it defines RADLADS_ZLIB),
// refused by name elsewhere.

#include "radlads/core/error.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#if defined(RADLADS_ZLIB)
#include <zlib.h>
#endif

namespace radlads::files {

#if defined(RADLADS_ZLIB)

namespace detail {

/// An inflating stream of zlib.
class inflater {
 public:
  explicit inflater(const std::string& name) {
    constexpr int window_of_gzip = 15 + 16;
    require(::inflateInit2(&stream_, window_of_gzip) == Z_OK, name,
            ": zlib cannot start: no memory");
  }
  inflater(const inflater&) = delete;
  inflater& operator=(const inflater&) = delete;
  ~inflater() { ::inflateEnd(&stream_); }

  z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
};

}  // namespace detail

#endif

/// Hands the content of all gzip members in `bytes` to take(std::string_view), part by part, in
/// memory that does not grow with the content. Throws, naming `name` and the byte, where the bytes
/// are damaged or end too early; what was taken before is then worth nothing.
template <class F>
void decompress_gzip(std::string_view bytes, const std::string& name, F&& take) {
#if defined(RADLADS_ZLIB)
  detail::inflater inflater(name);
  z_stream& stream = inflater.stream();
  std::array<char, 1 << 16> part;
  std::size_t at = 0;     // bytes read
  bool is_inside = true;  // of a member
  while (is_inside || at < bytes.size()) {
    if (!is_inside) require(::inflateReset(&stream) == Z_OK, name, ": zlib cannot go on");
    const std::size_t given = std::min(bytes.size() - at, std::size_t{1} << 20);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data() + at));
    stream.avail_in = static_cast<uInt>(given);
    stream.next_out = reinterpret_cast<Bytef*>(part.data());
    stream.avail_out = static_cast<uInt>(part.size());
    const int code = ::inflate(&stream, Z_NO_FLUSH);
    at += given - stream.avail_in;
    const std::size_t made = part.size() - stream.avail_out;
    require(code != Z_MEM_ERROR, name, ": zlib has no memory");
    require(code != Z_BUF_ERROR || at < bytes.size(), name, ": gzip data ends too early, at byte ",
            bytes.size());
    require(code == Z_OK || code == Z_STREAM_END, name, ": is not valid gzip at byte ", at, ": ",
            stream.msg != nullptr ? stream.msg : "no progress");
    if (made > 0) take(std::string_view(part.data(), made));
    is_inside = code != Z_STREAM_END;
  }
#else
  (void)bytes;
  (void)take;
  fail(name, ": gzip files are read with zlib, which this build does not have (RADLADS_ZLIB)");
#endif
}

}  // namespace radlads::files
