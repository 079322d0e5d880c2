// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reads tokenizer.json, or vocab.json with merges.txt, into plain values. What a tokenizer does
// with them is in tokenizer.hpp. Anything in a file that would change the tokens and is not known
// here is an error.

#include "radlads/core/error.hpp"
#include "radlads/text/detokenizer_file.hpp"
#include "radlads/text/json_members.hpp"
#include "radlads/text/pre_tokenizer_file.hpp"
#include "radlads/text/tokenizer_description.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text {

namespace detail {

inline void read_vocabulary(const json& vocab, vocabulary& tokens) {
  for (const auto& [token, id] : object_from(vocab, "vocab").items())
    tokens.insert(token, id_from(id, token));
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
  for (const json& entry : list_from(merges, "model.merges")) {
    if (entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string()) {
      add_merge(out, entry[0].get_ref<const std::string&>(),
                entry[1].get_ref<const std::string&>());
      continue;
    }
    const std::string text = entry.is_string() ? entry.get<std::string>() : "";
    const std::size_t space = text.find(' ');
    if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos) {
      fail("merge ", out.merges.size(), " is ", files::json_quote(entry),
           R"(; expected "a b" or ["a", "b"])");
    }
    add_merge(out, text.substr(0, space), text.substr(space + 1));
  }
}

inline void read_bpe(const json& model, tokenizer_description& out) {
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    const json* affix = find_member(model, key);
    const bool is_empty =
        !affix || (affix->is_string() && affix->get_ref<const std::string&>().empty());
    require(is_empty, "'model.", key, "' is ", affix ? files::json_quote(*affix) : "",
            "; only an empty one is known");
  }
  const json* dropout = find_member(model, "dropout");
  require(!dropout || *dropout == 0.0, "'model.dropout' is ",
          dropout ? files::json_quote(*dropout) : "",
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
  out.ignores_merges = flag_member(model, "ignore_merges", false);
}

inline void read_unigram(const json& model, tokenizer_description& out) {
  for (const json& entry : list_from(member(model, "vocab", "model"), "model.vocab")) {
    const std::size_t id = out.scores.size();
    const bool is_pair = entry.is_array() && entry.size() == 2 && entry[0].is_string() &&
                         entry[1].is_number() && std::isfinite(entry[1].get<double>());
    require(is_pair, "token ", id, " of 'model.vocab' is ", is_pair ? "" : files::json_quote(entry),
            R"(; expected ["a", score])");
    out.tokens.insert(entry[0].get<std::string>(), static_cast<std::int64_t>(id));
    out.scores.push_back(entry[1].get<double>());
  }
  require(!out.scores.empty(), "'model.vocab' is empty; expected tokens with scores");
  if (const json* unknown = find_member(model, "unk_id")) {
    const std::int64_t id = id_from(*unknown, "model.unk_id");
    require(out.tokens.contains(id), "'model.unk_id' is ", id, "; there are ", out.scores.size(),
            " tokens");
    out.unknown_id = static_cast<std::int32_t>(id);
  }
}

/// The kind of a model. Files of older versions do not say it of BPE.
inline void read_model(const json& model, tokenizer_description& out) {
  const std::string type = find_member(model, "type") ? text_member(model, "type", "model") : "BPE";
  out.has_byte_fallback = flag_member(model, "byte_fallback", false);
  if (type == "BPE") return read_bpe(model, out);
  require(type == "Unigram", "'model.type' is '", type, "'; known: BPE, Unigram");
  read_unigram(model, out);
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

/// Adds a token with an id that is still to be checked.
inline void add_token(added_token token, std::int64_t id, tokenizer_description& out) {
  token.is_in_model = out.tokens.find(token.content).has_value();
  out.tokens.insert(token.content, id);
  out.added.push_back(std::move(token));
}

inline void read_added_tokens(const json& list, tokenizer_description& out) {
  for (const json& entry : list_from(list, "added_tokens")) {
    const std::string content = text_member(entry, "content", "added_tokens");
    const std::int64_t id = id_from(member(entry, "id", "added_tokens"), content);
    add_token(added_token_from(entry, id), id, out);
  }
}

/// What a parsed tokenizer.json says; errors do not name the file.
inline tokenizer_description description_of(const json& file) {
  tokenizer_description out;
  read_model(member(file, "model", "tokenizer.json"), out);
  if (const auto* added = find_member(file, "added_tokens")) read_added_tokens(*added, out);
  out.normalizer = read_normalizer(find_member(file, "normalizer"));
  auto read = read_pre_tokenizer(find_member(file, "pre_tokenizer"));
  out.pre_tokenizer = pre_tokenizer(std::move(read.steps));
  out.is_byte_level = read.is_byte_level;
  out.post_processor = read_post_processor(find_member(file, "post_processor"), out.tokens);
  out.detokenizer = read_detokenizer(find_member(file, "decoder"));
  return out;
}

}  // namespace detail

/// Reads tokenizer.json. Throws an error that names the file and what is missing or unknown in it.
inline tokenizer_description describe_tokenizer_json(const std::filesystem::path& path) {
  tokenizer_description out;
  detail::read_json_file(path,
                         [&](const detail::json& file) { out = detail::description_of(file); });
  return out;
}

}  // namespace radlads::text
