// SPDX-License-Identifier: Apache-2.0
#pragma once
// Replacement of a text wherever it stands in another.

#include <cstddef>
#include <string>
#include <string_view>

namespace radlads::text {

/// `text` with each `from`, which is not empty, replaced by `to`.
inline std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  std::size_t at = 0;
  for (std::size_t next; (next = text.find(from, at)) != std::string_view::npos;) {
    out += text.substr(at, next - at);
    out += to;
    at = next + from.size();
  }
  return out += text.substr(at);
}

}  // namespace radlads::text
