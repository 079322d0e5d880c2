// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reads tokenizer.json, or vocab.json with merges.txt, into plain values. What a tokenizer does
// with them is in tokenizer.hpp. Anything in a file that would change the tokens and is not known
// here is an error.

#include "radlads/core/error.hpp"
#include "radlads/text/added_tokens.hpp"
#include "radlads/text/bpe.hpp"
#include "radlads/text/detokenizer.hpp"
#include "radlads/text/json_members.hpp"
#include "radlads/text/normalizer.hpp"
#include "radlads/text/post_processing.hpp"
#include "radlads/text/split.hpp"
#include "radlads/text/vocabulary.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text {

/// Everything the files say about a tokenizer.
struct tokenizer_description {
  vocabulary tokens;
  std::vector<merge> merges;
  std::vector<added_token> added;
  std::optional<std::int32_t> unknown_id;
  bool fuses_unknown = false;
  bool has_byte_fallback = false;
  bool ignores_merges = false;  // a piece that is a token as a whole is taken at once
  text::normalizer normalizer;
  std::vector<split_pattern> splits;  // one after the other
  bool is_byte_level = false;
  bool adds_prefix_space = false;
  text::post_processor post_processor;  // puts tokens around a document
  detokenizer_rules detokenizer;
  std::optional<std::int32_t> bos_id, eos_id;
};

namespace detail {

inline void read_vocabulary(const json& vocab, vocabulary& tokens) {
  require(vocab.is_object(), "the vocabulary is ", vocab.type_name(),
          "; expected an object of tokens and ids");
  for (const auto& [token, id] : vocab.items()) tokens.insert(token, id_from(id, token));
}

inline void add_merge(tokenizer_description& out, const std::string& left,
                      const std::string& right) {
  const std::size_t rank = out.merges.size();
  const auto id_of = [&](const std::string& token) {
    const auto id = out.tokens.find(token);
    require(id.has_value(), "merge ", rank, " ('", left, "' with '", right, "') needs the token '",
            token, "', which the vocabulary lacks");
    return *id;
  };
  out.merges.push_back({id_of(left), id_of(right), id_of(left + right)});
}

inline void read_merges(const json& merges, tokenizer_description& out) {
  require(merges.is_array(), "'model.merges' is ", merges.type_name(), "; expected an array");
  for (const json& entry : merges) {
    if (entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string()) {
      add_merge(out, entry[0].get_ref<const std::string&>(),
                entry[1].get_ref<const std::string&>());
      continue;
    }
    const std::string text = entry.is_string() ? entry.get<std::string>() : "";
    const std::size_t space = text.find(' ');
    if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos) {
      fail("merge ", out.merges.size(), " is ", entry.dump(), R"(; expected "a b" or ["a", "b"])");
    }
    add_merge(out, text.substr(0, space), text.substr(space + 1));
  }
}

inline void read_model(const json& model, tokenizer_description& out) {
  if (find_member(model, "type")) {
    const std::string type = text_member(model, "type", "model");
    require(type == "BPE", "'model.type' is '", type, "'; known: BPE");
  }
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    const json* affix = find_member(model, key);
    const bool is_empty =
        !affix || (affix->is_string() && affix->get_ref<const std::string&>().empty());
    require(is_empty, "'model.", key, "' is ", affix ? affix->dump() : "",
            "; only an empty one is known");
  }
  const json* dropout = find_member(model, "dropout");
  require(!dropout || *dropout == 0.0, "'model.dropout' is ", dropout ? dropout->dump() : "",
          "; only a tokenizer without dropout is known");
  read_vocabulary(member(model, "vocab", "model"), out.tokens);
  read_merges(member(model, "merges", "model"), out);
  if (find_member(model, "unk_token")) {
    const std::string unknown = text_member(model, "unk_token", "model");
    out.unknown_id = out.tokens.find(unknown);
    require(out.unknown_id.has_value(), "'model.unk_token' is '", unknown,
            "', which the vocabulary lacks");
  }
  out.fuses_unknown = flag_member(model, "fuse_unk", false);
  out.has_byte_fallback = flag_member(model, "byte_fallback", false);
  out.ignores_merges = flag_member(model, "ignore_merges", false);
}

inline added_token added_token_from(const json& entry, std::int64_t id) {
  added_token token;
  token.content = text_member(entry, "content", "added_tokens");
  token.id = static_cast<std::int32_t>(id);
  token.is_special = flag_member(entry, "special", false);
  token.strips_left = flag_member(entry, "lstrip", false);
  token.strips_right = flag_member(entry, "rstrip", false);
  token.is_single_word = flag_member(entry, "single_word", false);
  token.is_normalized = flag_member(entry, "normalized", !token.is_special);
  return token;
}

inline void read_added_tokens(const json& list, tokenizer_description& out) {
  require(list.is_array(), "'added_tokens' is ", list.type_name(), "; expected an array");
  for (const json& entry : list) {
    const std::string content = text_member(entry, "content", "added_tokens");
    const std::int64_t id = id_from(member(entry, "id", "added_tokens"), content);
    const bool is_in_model = out.tokens.find(content).has_value();
    out.tokens.insert(content, id);
    out.added.push_back(added_token_from(entry, id));
    out.added.back().is_in_model = is_in_model;
  }
}

inline void read_pre_tokenizer(const json* pre_tokenizer, tokenizer_description& out) {
  for (const json& step : sequence_of(pre_tokenizer, "pretokenizers", "pre_tokenizer")) {
    const std::string type = text_member(step, "type", "pre_tokenizer");
    require(!out.is_byte_level, "pre-tokenizer '", type,
            "' stands behind ByteLevel; expected none");
    if (type == "Split") {
      const std::string behavior = text_member(step, "behavior", "pre_tokenizer");
      const bool is_inverted = flag_member(step, "invert", false);
      // No known pattern leaves gaps, so keeping all and keeping the matches is the same.
      require((behavior == "Isolated" && !is_inverted) || (behavior == "Removed" && is_inverted),
              "Split has the behavior '", behavior, "', inverted: ", is_inverted,
              "; known: Isolated, and Removed when inverted");
      out.splits.push_back(split_pattern_of(
          text_member(member(step, "pattern", "pre_tokenizer"), "Regex", "pre_tokenizer.pattern")));
    } else if (type == "ByteLevel") {
      out.is_byte_level = true;
      out.adds_prefix_space = flag_member(step, "add_prefix_space", true);
      if (flag_member(step, "use_regex", true)) out.splits.push_back(split_pattern::gpt2);
    } else {
      fail("unknown pre-tokenizer '", type, "'; known: Split, ByteLevel, Sequence");
    }
  }
  require(out.is_byte_level || out.splits.empty(),
          "'pre_tokenizer' splits text without ByteLevel; expected both or neither");
}

inline void read_decoder(const json* decoder, detokenizer_rules& out) {
  require(decoder != nullptr,
          "'decoder' is missing; known: ByteLevel, and a Sequence of Replace, "
          "ByteFallback, Fuse, Strip");
  bool is_fused = false;
  for (const json& step : sequence_of(decoder, "decoders", "decoder")) {
    const std::string type = text_member(step, "type", "decoder");
    if (type == "ByteLevel") {
      out.is_byte_level = true;
    } else if (type == "Replace" && !is_fused && !out.has_byte_fallback) {
      out.replacements.emplace_back(literal_pattern(step, "decoder"),
                                    text_member(step, "content", "decoder"));
    } else if (type == "ByteFallback" && !is_fused) {
      out.has_byte_fallback = true;
    } else if (type == "Fuse") {
      is_fused = true;
    } else if (type == "Strip" && is_fused && out.strip_count == 0) {
      out.stripped = text_member(step, "content", "decoder");
      const json &start = member(step, "start", "decoder"), &stop = member(step, "stop", "decoder");
      require(start.is_number_unsigned() && stop == 0 && !out.stripped.empty(),
              "decoder Strip has ", "start ", start.dump(), ", stop ", stop.dump(),
              "; expected a number and 0");
      out.strip_count = start.get<std::size_t>();
    } else {
      fail("decoder '", type,
           "' is unknown or out of order; known: ByteLevel, and a Sequence of "
           "Replace, ByteFallback, Fuse, Strip");
    }
  }
  require(!out.is_byte_level || (out.replacements.empty() && !out.has_byte_fallback && !is_fused),
          "'decoder' has other steps beside ByteLevel; expected ByteLevel alone");
}

}  // namespace detail

/// Reads tokenizer.json. Throws an error that names the file and what is missing or unknown in it.
inline tokenizer_description describe_tokenizer_json(const std::filesystem::path& path) {
  tokenizer_description out;
  detail::read_json_file(path, [&](const detail::json& file) {
    detail::read_model(detail::member(file, "model", "tokenizer.json"), out);
    if (const auto* added = detail::find_member(file, "added_tokens")) {
      detail::read_added_tokens(*added, out);
    }
    out.normalizer = detail::read_normalizer(detail::find_member(file, "normalizer"));
    detail::read_pre_tokenizer(detail::find_member(file, "pre_tokenizer"), out);
    out.post_processor =
        detail::read_post_processor(detail::find_member(file, "post_processor"), out.tokens);
    detail::read_decoder(detail::find_member(file, "decoder"), out.detokenizer);
  });
  return out;
}

}  // namespace radlads::text
