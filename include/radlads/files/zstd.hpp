// SPDX-License-Identifier: Apache-2.0
#pragma once
// Files of Zstandard, by libzstd where the target radlads::zstd is linked (it defines
// RADLADS_ZSTD), refused by name elsewhere.

#include "radlads/core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#if defined(RADLADS_ZSTD)
#include <zstd.h>
#endif

namespace radlads::files {

#if defined(RADLADS_ZSTD)

namespace detail {

struct zstd_deleter {
  void operator()(ZSTD_DCtx* p) const { ::ZSTD_freeDCtx(p); }
};

}  // namespace detail

#endif

/// Hands the content of all Zstandard frames in `bytes` to take(std::string_view), part by part, in
/// memory that does not grow with the content: frames that want a window above 128 MiB, which the
/// zstd program makes only when told to, are refused. Throws, naming `name` and the byte, where the
/// bytes are damaged or end too early; what was taken before is then worth nothing.
template <class F>
void decompress_zstd(std::string_view bytes, const std::string& name, F&& take) {
#if defined(RADLADS_ZSTD)
  constexpr int largest_window = 27;  // bits
  const std::unique_ptr<ZSTD_DCtx, detail::zstd_deleter> context(::ZSTD_createDCtx());
  require(context != nullptr, name, ": zstd cannot start: no memory");
  ::ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, largest_window);
  std::string part(::ZSTD_DStreamOutSize(), '\0');
  std::size_t at = 0;
  bool is_inside = true;  // of a frame
  while (is_inside || at < bytes.size()) {
    ZSTD_inBuffer in{bytes.data() + at, std::min(bytes.size() - at, std::size_t{1} << 20), 0};
    ZSTD_outBuffer out{part.data(), part.size(), 0};
    const std::size_t hint = ::ZSTD_decompressStream(context.get(), &out, &in);
    require(::ZSTD_isError(hint) == 0, name, ": is not valid zstd behind byte ", at, ": ",
            ::ZSTD_getErrorName(hint));
    at += in.pos;
    if (out.pos > 0) take(std::string_view(part.data(), out.pos));
    is_inside = hint != 0;
    const bool is_at_rest = at == bytes.size() && out.pos < out.size;
    require(!is_inside || !is_at_rest, name, ": zstd data ends too early, at byte ", bytes.size());
  }
#else
  (void)bytes;
  (void)take;
  fail(name, ": zstd files are read with libzstd, which this build does not have (RADLADS_ZSTD)");
#endif
}

}  // namespace radlads::files
