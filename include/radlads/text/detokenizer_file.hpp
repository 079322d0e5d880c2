// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reads the "decoder" of tokenizer.json.

#include "radlads/core/error.hpp"
#include "radlads/text/detokenizer.hpp"
#include "radlads/text/json_members.hpp"
#include "radlads/text/metaspace.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text::detail {

/// Each rule reads every token, so their number bounds the time; files have at most four.
inline constexpr std::size_t max_detokenizer_steps = 64;

inline constexpr std::string_view known_detokenizers =
    "known: ByteLevel alone, and a Sequence of Replace, Metaspace, Strip and ByteFallback, then "
    "Fuse, then Strip";

inline strip_rule strip_rule_from(const json& step) {
  strip_rule rule{character_member(step, "content", "decoder"), 0};
  const json &start = member(step, "start", "decoder"), &stop = member(step, "stop", "decoder");
  require(files::json_holds<std::uint32_t>(start) && stop == 0, "decoder Strip has start ",
          files::json_quote(start), ", stop ", files::json_quote(stop),
          "; expected a number and 0");
  rule.count = start.get<std::size_t>();
  return rule;
}

/// The rule of a step for single tokens; throws when it is none.
inline token_rule token_rule_from(const json& step, const std::string& type) {
  constexpr std::string_view where = "decoder";
  if (type == "Replace")
    return replace_rule{literal_pattern(step, where), text_member(step, "content", where)};
  if (type == "Strip") return strip_rule_from(step);
  if (type == "Metaspace") {
    metaspace rule = metaspace_from(step, where);
    return metaspace_rule{std::move(rule.character), rule.scheme != prepend_scheme::never};
  }
  fail("decoder '", type, "' is unknown or out of order; ", known_detokenizers);
}

/// Reads a "decoder"; a null pointer stands for none, which is refused.
inline detokenizer_rules read_detokenizer(const json* value) {
  require(value != nullptr, "'decoder' is missing; ", known_detokenizers);
  detokenizer_rules out;
  bool is_fused = false;
  const std::vector<const json*> steps = sequence_of(value, "decoders", "decoder");
  require(steps.size() <= max_detokenizer_steps, "a decoder of ", steps.size(),
          " steps; expected at most ", max_detokenizer_steps, ", for each reads every token");
  for (const json* each : steps) {
    const json& step = *each;
    const std::string type = text_member(step, "type", "decoder");
    if (type == "ByteLevel") {
      require(steps.size() == 1,
              "'decoder' has other steps beside ByteLevel; expected ByteLevel alone");
      out.is_byte_level = true;
    } else if (type == "ByteFallback" && !is_fused && !out.has_byte_fallback) {
      out.has_byte_fallback = true;
    } else if (type == "Fuse") {
      is_fused = true;
    } else if (is_fused) {
      require(type == "Strip" && out.start.count == 0, "decoder '", type,
              "' is unknown or out of order; ", known_detokenizers);
      out.start = strip_rule_from(step);
    } else {
      (out.has_byte_fallback ? out.piece_rules : out.token_rules)
          .push_back(token_rule_from(step, type));
    }
  }
  return out;
}

}  // namespace radlads::text::detail
