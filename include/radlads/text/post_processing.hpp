// SPDX-License-Identifier: Apache-2.0
#pragma once
// The tokens put around a whole text: the "post_processor" of tokenizer.json.

#include "radlads/core/error.hpp"
#include "radlads/text/json_members.hpp"
#include "radlads/text/vocabulary.hpp"

#include <algorithm>
#include <cstddef>
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

/// A part of what a post-processor has made: the text, or tokens by themselves.
struct processed_part {
  std::vector<std::int32_t> before, behind;  // of the text; other tokens are all in `before`
  bool is_text = false;
};

/// Reads the steps of a "post_processor" one after the other, each on the parts of those before.
class post_processor_reader {
 public:
  explicit post_processor_reader(const vocabulary& tokens) : tokens_(tokens) {}

  void add_template(const json& processor) {
    // A template takes what earlier ones made of one text for two texts, as `tokenizers` has it.
    require(parts_.size() <= 2, "'post_processor' has a TemplateProcessing behind steps that make ",
            parts_.size(), " parts of a text; expected one or two");
    const std::string where = parts_.size() == 1 ? "single" : "pair";
    const std::string name = "post_processor." + where;
    std::vector<processed_part> made;
    for (const json& piece : list_from(member(processor, where.c_str(), "post_processor"), name)) {
      const json* sequence = find_member(piece, "Sequence");
      made.push_back(sequence ? part_named(text_member(*sequence, "id", name), name)
                              : special_tokens(processor, piece, name));
    }
    require(made.size() <= max_parts, "'", name, "' has ", made.size(), " parts; expected at most ",
            max_parts);
    const auto count = std::count_if(made.begin(), made.end(),
                                     [](const processed_part& part) { return part.is_text; });
    require(count == 1, "'", name, "' holds the text ", count, " times; expected once");
    parts_ = std::move(made);
  }

  /// RoBERTa puts a separator on both sides of a second part, BERT only behind it.
  void add_surrounding(const json& processor, bool is_roberta) {
    const std::int32_t first = named_id(processor, "cls"), last = named_id(processor, "sep");
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (i == 0) put_in_front(parts_[i], first);
      if (i > 0 && is_roberta) put_in_front(parts_[i], last);
      (parts_[i].is_text ? parts_[i].behind : parts_[i].before).push_back(last);
    }
  }

  post_processor result() const {
    std::vector<std::int32_t> prefix, suffix;
    bool is_behind = false;
    for (const processed_part& part : parts_) {
      std::vector<std::int32_t>& first = is_behind ? suffix : prefix;
      first.insert(first.end(), part.before.begin(), part.before.end());
      is_behind = is_behind || part.is_text;
      suffix.insert(suffix.end(), part.behind.begin(), part.behind.end());
    }
    return {std::move(prefix), std::move(suffix)};
  }

 private:
  static constexpr std::size_t max_parts = 64;  // files have at most five

  static void put_in_front(processed_part& part, std::int32_t id) {
    part.before.insert(part.before.begin(), id);
  }

  const processed_part& part_named(const std::string& id, const std::string& where) const {
    const std::size_t index = id == "A" ? 0 : 1;
    require((id == "A" || id == "B") && index < parts_.size(), "'", where, "' holds the text '", id,
            "'; expected A", parts_.size() == 1 ? "" : " or B");
    return parts_[index];
  }

  processed_part special_tokens(const json& processor, const json& piece,
                                const std::string& where) const {
    const std::string name =
        text_member(member(piece, "SpecialToken", where), "id", "SpecialToken");
    const json& special = member(member(processor, "special_tokens", "post_processor"),
                                 name.c_str(), "post_processor.special_tokens");
    processed_part part;
    for (const json& id : list_from(member(special, "ids", name), name + ".ids"))
      part.before.push_back(token_id(id, name));
    return part;
  }

  /// The id of a member such as ["</s>", 2].
  std::int32_t named_id(const json& processor, const char* key) const {
    const json& pair = member(processor, key, "post_processor");
    require(pair.is_array() && pair.size() == 2, "'post_processor.", key, "' is ",
            files::json_quote(pair), R"(; expected ["token", id])");
    return token_id(pair[1], key);
  }

  std::int32_t token_id(const json& value, const std::string& name) const {
    const std::int64_t id = id_from(value, name);
    require(tokens_.contains(id), "'post_processor' adds the id ", id, ", which is no token's");
    return static_cast<std::int32_t>(id);
  }

  const vocabulary& tokens_;
  std::vector<processed_part> parts_{{{}, {}, true}};
};

/// Reads a "post_processor" whose ids are those of `tokens`; a null pointer stands for none.
inline post_processor read_post_processor(const json* value, const vocabulary& tokens) {
  if (!value) return {};
  post_processor_reader reader(tokens);
  for (const json* each : sequence_of(value, "processors", "post_processor")) {
    const json& step = *each;
    const std::string type = text_member(step, "type", "post_processor");
    if (type == "TemplateProcessing") {
      reader.add_template(step);
    } else if (type == "RobertaProcessing" || type == "BertProcessing") {
      reader.add_surrounding(step, type == "RobertaProcessing");
    } else {
      require(
          type == "ByteLevel", "unknown post-processor '", type,
          "'; known: ByteLevel, TemplateProcessing, RobertaProcessing, BertProcessing, Sequence");
    }
  }
  return reader.result();
}

}  // namespace detail

}  // namespace radlads::text
