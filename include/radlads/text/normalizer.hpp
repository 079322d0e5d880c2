// SPDX-License-Identifier: Apache-2.0
#pragma once
// What happens to text before it is split: the "normalizer" of tokenizer.json.

#include "radlads/core/error.hpp"
#include "radlads/text/detokenizer.hpp"
#include "radlads/text/json_members.hpp"
#include "radlads/text/unicode_normalization.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text {

/// Steps that text passes one after the other.
class normalizer {
 public:
  struct step {
    enum kind_type { nfc, prepend, replace } kind = nfc;
    std::string from, to;  // prepend uses `to` alone
  };

  normalizer() = default;
  explicit normalizer(std::vector<step> steps) : steps_(std::move(steps)) {}

  /// Whether text stays as it is.
  bool is_empty() const { return steps_.empty(); }

  /// The normalised form of valid UTF-8.
  std::string operator()(std::string_view text) const {
    std::string out(text);
    for (const step& s : steps_) {
      if (s.kind == step::nfc) out = to_nfc(out);
      if (s.kind == step::prepend && !out.empty()) out.insert(0, s.to);
      if (s.kind == step::replace) out = replace_all(out, s.from, s.to);
    }
    return out;
  }

 private:
  std::vector<step> steps_;
};

namespace detail {

/// Reads a "normalizer"; a null pointer stands for none.
inline normalizer read_normalizer(const json* value) {
  std::vector<normalizer::step> steps;
  for (const json& entry : sequence_of(value, "normalizers", "normalizer")) {
    const std::string type = text_member(entry, "type", "normalizer");
    if (type == "NFC") {
      steps.push_back({normalizer::step::nfc, {}, {}});
    } else if (type == "Prepend") {
      steps.push_back({normalizer::step::prepend, {}, text_member(entry, "prepend", "normalizer")});
    } else if (type == "Replace") {
      steps.push_back({normalizer::step::replace, literal_pattern(entry, "normalizer"),
                       text_member(entry, "content", "normalizer")});
    } else {
      fail("unknown normalizer '", type, "'; known: NFC, Prepend, Replace, Sequence");
    }
  }
  return normalizer(std::move(steps));
}

}  // namespace detail

}  // namespace radlads::text
