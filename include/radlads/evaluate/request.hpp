// SPDX-License-Identifier: Apache-2.0
#pragma once
// Texts to score as token ids.

#include "radlads/core/error.hpp"
#include "radlads/evaluate/document.hpp"
#include "radlads/evaluate/strings.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace radlads::evaluate {

/// Ids that are given, at least one, and ids to score.
struct request {
  std::vector<std::int32_t> context, continuation;

  bool operator==(const request&) const = default;
};

/// The ids of a scored text as lm-eval takes them: white space at the end of the context belongs to
/// the continuation; both are encoded together, and what goes beyond the ids of the context alone
/// is scored. An empty context is `prefix`, the token that begins texts, or ends them. `encode`
/// gives the ids of a text with what the tokenizer puts around it, `encode_alone` without. Throws
/// when a context is empty and there is no prefix, or when nothing is left to score.
template <class Encode, class EncodeAlone>
request encode_request(const scored_text& text, const Encode& encode,
                       const EncodeAlone& encode_alone, std::optional<std::int32_t> prefix) {
  request out;
  if (text.context.empty()) {
    require(
        prefix.has_value(),
        "a text without context needs a token that begins or ends texts; the tokenizer has none");
    out.context = {*prefix};
    out.continuation = encode_alone(text.continuation);
    const bool repeats = !out.continuation.empty() && out.continuation.front() == *prefix;
    if (repeats) out.continuation.erase(out.continuation.begin());
  } else {
    out.context = encode(std::string(strip_back(text.context)));
    const std::vector<std::int32_t> whole = encode(text.context + text.continuation);
    const std::size_t begin = std::min(out.context.size(), whole.size());
    out.continuation.assign(whole.begin() + static_cast<std::ptrdiff_t>(begin), whole.end());
    // The first id has nothing before it that could predict it.
    if (out.context.empty() && prefix.has_value()) out.context = {*prefix};
    require(
        !out.context.empty(),
        "a context of white space needs a token that begins or ends texts; the tokenizer has none");
  }
  require(!out.continuation.empty(), "nothing is left to score of the continuation \"",
          text.continuation, "\"");
  return out;
}

/// Cuts a request from the left to what a model of `context` positions sees: of context and
/// continuation together the last context + 1 ids, of which the last is not read.
inline void truncate(request& r, std::int64_t context) {
  const auto room = static_cast<std::size_t>(context) + 1;
  require(context >= 1 && r.continuation.size() < room, "a continuation of ", r.continuation.size(),
          " tokens does not fit a context of ", context);
  const std::size_t total = r.context.size() + r.continuation.size();
  if (total <= room) return;
  r.context.erase(r.context.begin(), r.context.begin() + static_cast<std::ptrdiff_t>(total - room));
}

}  // namespace radlads::evaluate
