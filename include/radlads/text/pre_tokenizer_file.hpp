// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reads the "pre_tokenizer" of tokenizer.json.

#include "radlads/core/error.hpp"
#include "radlads/text/json_members.hpp"
#include "radlads/text/pcre2.hpp"
#include "radlads/text/pre_tokenizer.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text {

/// Steps, and whether the last of them, left out, writes bytes in the byte alphabet.
struct read_steps {
  std::vector<pre_tokenizer_step> steps;
  bool is_byte_level = false;
};

/// What ByteLevel does before it writes bytes: GPT-2's split where the files give no other.
inline void add_byte_level(std::vector<pre_tokenizer_step>& steps, bool adds_prefix_space,
                           bool uses_regex) {
  if (adds_prefix_space) steps.emplace_back(prefix_space_step{});
  if (uses_regex) steps.emplace_back(split_step{split_pattern::gpt2});
}

namespace detail {

inline split_behavior behavior_from(const std::string& name) {
  if (name == "Removed") return split_behavior::removed;
  if (name == "Isolated") return split_behavior::isolated;
  if (name == "MergedWithPrevious") return split_behavior::merged_with_previous;
  if (name == "MergedWithNext") return split_behavior::merged_with_next;
  if (name == "Contiguous") return split_behavior::contiguous;
  fail("'pre_tokenizer' has the behavior '", name,
       "'; known: Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous");
}

inline text_pattern pattern_from(const json& pattern) {
  constexpr std::string_view where = "pre_tokenizer.pattern";
  if (!find_member(pattern, "String"))
    return pattern_of_regex(text_member(pattern, "Regex", where));
  std::string text = text_member(pattern, "String", where);
  require(!text.empty(), "'", where, "' is empty");
  return literal_text{std::move(text)};
}

inline split_step split_from(const json& step, const std::string& type) {
  using enum split_behavior;
  constexpr std::string_view where = "pre_tokenizer";
  if (type == "Split") {
    return {pattern_from(member(step, "pattern", where)),
            behavior_from(text_member(step, "behavior", where)),
            flag_member(step, "invert", false)};
  }
  if (type == "Digits") {
    const bool is_each = flag_member(step, "individual_digits", false);
    return {character_kind::number, is_each ? isolated : contiguous};
  }
  if (type == "Punctuation") {
    const bool has_behavior = find_member(step, "behavior") != nullptr;
    return {character_kind::punctuation,
            has_behavior ? behavior_from(text_member(step, "behavior", where)) : isolated};
  }
  if (type == "Whitespace") return {word_runs{}, removed, true};
  if (type == "WhitespaceSplit") return {character_kind::white_space, removed};
  if (type == "CharDelimiterSplit") {
    std::string delimiter = text_member(step, "delimiter", where);
    require(!delimiter.empty(), "'pre_tokenizer.delimiter' is empty");
    return {literal_text{std::move(delimiter)}, removed};
  }
  fail("unknown pre-tokenizer '", type,
       "'; known: Split, ByteLevel, Metaspace, Digits, Punctuation, Whitespace, WhitespaceSplit, "
       "CharDelimiterSplit, Sequence");
}

inline read_steps read_pre_tokenizer(const json* value) {
  read_steps out;
  for (const json* each : sequence_of(value, "pretokenizers", "pre_tokenizer")) {
    const json& step = *each;
    const std::string type = text_member(step, "type", "pre_tokenizer");
    // Steps behind ByteLevel read the byte alphabet.
    if (out.is_byte_level) out.steps.emplace_back(byte_alphabet_step{});
    out.is_byte_level = type == "ByteLevel";
    if (out.is_byte_level) {
      add_byte_level(out.steps, flag_member(step, "add_prefix_space", true),
                     flag_member(step, "use_regex", true));
    } else if (type == "Metaspace") {
      out.steps.emplace_back(metaspace_from(step, "pre_tokenizer"));
    } else {
      out.steps.emplace_back(split_from(step, type));
    }
  }
  return out;
}

}  // namespace detail

}  // namespace radlads::text
