// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reads tokenizer.json, or vocab.json with merges.txt, into plain values. What a tokenizer does
// with them is in tokenizer.hpp. Anything in a file that would change the tokens and is not known
// here is an error.

#include "radlads/core/error.hpp"
#include "radlads/text/added_tokens.hpp"
#include "radlads/text/bpe.hpp"
#include "radlads/text/decoder.hpp"
#include "radlads/text/split.hpp"
#include "radlads/text/vocabulary.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text {

/// One normaliser: NFC, or text put in front, or text replaced everywhere.
struct normalizer_step {
  enum kind_type { nfc, prepend, replace } kind = nfc;
  std::string from, to;  // prepend uses `to` alone
};

/// Everything the files say about a tokenizer.
struct tokenizer_description {
  vocabulary tokens;
  std::vector<merge> merges;
  std::vector<added_token> added;
  std::optional<std::int32_t> unknown_id;
  bool fuses_unknown = false;
  bool has_byte_fallback = false;
  bool ignores_merges = false;  // a piece that is a token as a whole is taken at once
  std::vector<normalizer_step> normalizers;
  std::vector<split_pattern> splits;  // one after the other
  bool is_byte_level = false;
  bool adds_prefix_space = false;
  std::vector<std::int32_t> prefix, suffix;  // put around a document
  decoder_rules decoder;
  std::optional<std::int32_t> bos_id, eos_id;
};

namespace detail {

using json = nlohmann::json;

inline std::string read_text_file(const std::filesystem::path& path) {
  require(std::filesystem::is_regular_file(path), path.string(), ": is not a file");
  std::ifstream file(path, std::ios::binary);
  require(file.is_open(), path.string(), ": cannot be opened for reading");
  std::string content(std::filesystem::file_size(path), '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  require(static_cast<std::size_t>(file.gcount()) == content.size(), path.string(),
          ": ended at byte ", file.gcount(), " of ", content.size());
  return content;
}

/// Parses a file and hands its JSON to `interpret`; every error begins with the path.
template <class Interpret>
void read_json_file(const std::filesystem::path& path, Interpret&& interpret) {
  try {
    interpret(json::parse(read_text_file(path)));
  } catch (const json::exception& problem) {
    fail(path.string(), ": ", problem.what());
  } catch (const error& problem) {
    const std::string text = problem.what();
    if (text.starts_with(path.string())) throw;
    fail(path.string(), ": ", text);
  }
}

inline const json& member(const json& object, const char* key, std::string_view where) {
  require(object.is_object(), "'", where, "' is ", object.type_name(), "; expected an object");
  const auto found = object.find(key);
  require(found != object.end(), "'", where, "' lacks the key '", key, "'");
  return *found;
}

inline std::string text_member(const json& object, const char* key, std::string_view where) {
  const json& value = member(object, key, where);
  require(value.is_string(), "'", where, ".", key, "' is ", value.type_name(),
          "; expected a string");
  return value.get<std::string>();
}

/// An optional member: a null pointer when it is absent or null.
inline const json* find_member(const json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

inline bool flag_member(const json& object, const char* key, bool otherwise) {
  const json* value = find_member(object, key);
  require(!value || value->is_boolean(), "'", key, "' is ", value ? value->type_name() : "",
          "; expected true or false");
  return value ? value->get<bool>() : otherwise;
}

inline std::int64_t id_from(const json& value, std::string_view token) {
  if (!value.is_number_integer()) {
    fail("the id of token '", token, "' is ", value.dump(), "; expected an integer");
  }
  return value.get<std::int64_t>();
}

/// The entries of a "Sequence" under `key`, or the single entry itself, or none for null.
inline std::vector<json> sequence_of(const json* value, const char* key, std::string_view where) {
  if (!value) return {};
  if (text_member(*value, "type", where) != "Sequence") return {*value};
  const json& list = member(*value, key, where);
  require(list.is_array(), "'", where, ".", key, "' is ", list.type_name(), "; expected an array");
  return {list.begin(), list.end()};
}

inline std::string literal_pattern(const json& step, std::string_view where) {
  std::string text = text_member(member(step, "pattern", where), "String", where);
  require(!text.empty(), "'", where, "' replaces an empty string");
  return text;
}

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

inline void read_normalizer(const json* normalizer, tokenizer_description& out) {
  for (const json& step : sequence_of(normalizer, "normalizers", "normalizer")) {
    const std::string type = text_member(step, "type", "normalizer");
    if (type == "NFC") {
      out.normalizers.push_back({normalizer_step::nfc, {}, {}});
    } else if (type == "Prepend") {
      const std::string text = text_member(step, "prepend", "normalizer");
      out.normalizers.push_back({normalizer_step::prepend, {}, text});
    } else if (type == "Replace") {
      out.normalizers.push_back({normalizer_step::replace, literal_pattern(step, "normalizer"),
                                 text_member(step, "content", "normalizer")});
    } else {
      fail("unknown normalizer '", type, "'; known: NFC, Prepend, Replace, Sequence");
    }
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

inline void read_template(const json& processor, tokenizer_description& out) {
  bool is_behind = false;
  for (const json& piece : member(processor, "single", "post_processor")) {
    if (find_member(piece, "Sequence")) {
      require(!is_behind, "'post_processor.single' holds the text twice");
      is_behind = true;
      continue;
    }
    const std::string name =
        text_member(member(piece, "SpecialToken", "post_processor.single"), "id", "SpecialToken");
    const json& special = member(member(processor, "special_tokens", "post_processor"),
                                 name.c_str(), "post_processor.special_tokens");
    for (const json& id : member(special, "ids", name)) {
      const std::int64_t value = id_from(id, name);
      require(out.tokens.contains(value), "'post_processor' adds the id ", value,
              ", which is no token's");
      (is_behind ? out.suffix : out.prefix).push_back(static_cast<std::int32_t>(value));
    }
  }
  require(is_behind, "'post_processor.single' does not hold the text");
}

inline void read_post_processor(const json* processor, tokenizer_description& out) {
  for (const json& step : sequence_of(processor, "processors", "post_processor")) {
    const std::string type = text_member(step, "type", "post_processor");
    if (type == "TemplateProcessing") {
      read_template(step, out);
    } else {
      require(type == "ByteLevel", "unknown post-processor '", type,
              "'; known: ByteLevel, TemplateProcessing, Sequence");
    }
  }
}

inline void read_decoder(const json* decoder, decoder_rules& out) {
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
    detail::read_normalizer(detail::find_member(file, "normalizer"), out);
    detail::read_pre_tokenizer(detail::find_member(file, "pre_tokenizer"), out);
    detail::read_post_processor(detail::find_member(file, "post_processor"), out);
    detail::read_decoder(detail::find_member(file, "decoder"), out.decoder);
  });
  return out;
}

}  // namespace radlads::text
