// SPDX-License-Identifier: Apache-2.0
#pragma once
// The tokens put around a whole text: the "post_processor" of tokenizer.json.

#include "radlads/core/error.hpp"
#include "radlads/text/json_members.hpp"
#include "radlads/text/vocabulary.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace radlads::text {

/// Tokens in front of a text and behind it.
class post_processor {
 public:
  /// None: what a tokenizer adds may then be decided elsewhere (`add_bos_token`).
  post_processor() = default;

  /// A given post-processor, which may add nothing.
  post_processor(std::vector<std::int32_t> prefix, std::vector<std::int32_t> suffix)
      : is_given_(true), prefix_(std::move(prefix)), suffix_(std::move(suffix)) {}

  bool is_given() const { return is_given_; }
  const std::vector<std::int32_t>& prefix() const { return prefix_; }
  const std::vector<std::int32_t>& suffix() const { return suffix_; }

  /// Puts the tokens around the ids of a whole text.
  void wrap(std::vector<std::int32_t>& ids) const {
    ids.insert(ids.begin(), prefix_.begin(), prefix_.end());
    ids.insert(ids.end(), suffix_.begin(), suffix_.end());
  }

 private:
  bool is_given_ = false;
  std::vector<std::int32_t> prefix_, suffix_;
};

namespace detail {

using token_lists = std::pair<std::vector<std::int32_t>, std::vector<std::int32_t>>;

inline void read_template(const json& processor, const vocabulary& tokens, token_lists& out) {
  bool is_behind = false;
  const json& single = member(processor, "single", "post_processor");
  for (const json& piece : list_from(single, "post_processor.single")) {
    if (find_member(piece, "Sequence")) {
      require(!is_behind, "'post_processor.single' holds the text twice");
      is_behind = true;
      continue;
    }
    const std::string name =
        text_member(member(piece, "SpecialToken", "post_processor.single"), "id", "SpecialToken");
    const json& special = member(member(processor, "special_tokens", "post_processor"),
                                 name.c_str(), "post_processor.special_tokens");
    for (const json& id : list_from(member(special, "ids", name), name + ".ids")) {
      const std::int64_t value = id_from(id, name);
      require(tokens.contains(value), "'post_processor' adds the id ", value,
              ", which is no token's");
      (is_behind ? out.second : out.first).push_back(static_cast<std::int32_t>(value));
    }
  }
  require(is_behind, "'post_processor.single' does not hold the text");
}

/// Reads a "post_processor" whose ids are those of `tokens`; a null pointer stands for none.
inline post_processor read_post_processor(const json* value, const vocabulary& tokens) {
  if (!value) return {};
  token_lists lists;
  for (const json& step : sequence_of(value, "processors", "post_processor")) {
    const std::string type = text_member(step, "type", "post_processor");
    if (type == "TemplateProcessing") {
      read_template(step, tokens, lists);
    } else {
      require(type == "ByteLevel", "unknown post-processor '", type,
              "'; known: ByteLevel, TemplateProcessing, Sequence");
    }
  }
  return {std::move(lists.first), std::move(lists.second)};
}

}  // namespace detail

}  // namespace radlads::text
