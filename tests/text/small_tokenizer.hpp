// SPDX-License-Identifier: Apache-2.0
#pragma once
// Two small tokenizers as tokenizer.json has them, for tests to write, load and spoil.

#include "radlads/text/byte_level.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace radlads::test {

using json = nlohmann::json;

inline json added_token(int id, const std::string& content,
                        const json& properties = json::object()) {
  json token = {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
                {"rstrip", false}, {"normalized", false}, {"special", true}};
  token.update(properties);
  return token;
}

/// Byte-level BPE with the Qwen2 split: bytes 0 to 255, seven merges, and added tokens from 263.
inline json small_byte_level() {
  json vocabulary;
  for (int byte = 0; byte < 256; ++byte) {
    vocabulary[text::to_byte_alphabet(std::string(1, static_cast<char>(byte)))] = byte;
  }
  int next = 256;
  for (const char* token : {"he", "ll", "hell", "hello", "\u0120w", "\u00c3\u00a9", "12"}) {
    vocabulary[token] = next++;
  }
  const json byte_level = {{"type", "ByteLevel"},
                           {"add_prefix_space", false},
                           {"trim_offsets", false},
                           {"use_regex", false}};
  const std::string regex = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N})"
                            R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  const json split = {{"type", "Split"},
                      {"pattern", {{"Regex", regex}}},
                      {"behavior", "Isolated"},
                      {"invert", false}};
  json file;
  file["version"] = "1.0";
  file["added_tokens"] = {added_token(263, "<end>"),
                          added_token(264, "<end>>"),
                          added_token(265, "<left>", {{"lstrip", true}, {"special", false}}),
                          added_token(266, "<right>", {{"rstrip", true}, {"special", false}}),
                          added_token(267, "word", {{"single_word", true}, {"special", false}}),
                          added_token(268, "n\u00e9", {{"normalized", true}, {"special", false}})};
  file["normalizer"] = {{"type", "NFC"}};
  file["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", {split, byte_level}}};
  file["post_processor"] = byte_level;
  file["decoder"] = byte_level;
  file["model"] = {
      {"type", "BPE"},
      {"dropout", nullptr},
      {"unk_token", nullptr},
      {"continuing_subword_prefix", ""},
      {"end_of_word_suffix", ""},
      {"fuse_unk", false},
      {"byte_fallback", false},
      {"ignore_merges", false},
      {"vocab", vocabulary},
      {"merges", {"h e", "l l", "he ll", "hell o", "\u0120 w", "\u00c3 \u00a9", "1 2"}}};
  return file;
}

/// BPE on characters in the manner of Llama: <unk> 0, <s> 1, </s> 2, bytes 3 to 258, then pieces.
inline json small_byte_fallback() {
  json vocabulary = {{"<unk>", 0}, {"<s>", 1}, {"</s>", 2}};
  const std::string digits = "0123456789ABCDEF";
  int next = 3;
  for (const char high : digits) {
    for (const char low : digits) vocabulary[std::string("<0x") + high + low + '>'] = next++;
  }
  for (const char* token : {"\u2581", "a", "b", "ab", "\u2581a", "\u2581ab"}) {
    vocabulary[token] = next++;
  }
  const json bos = {{"SpecialToken", {{"id", "<s>"}, {"type_id", 0}}}};
  const json text = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  const json other = {{"Sequence", {{"id", "B"}, {"type_id", 1}}}};
  const json bos_ids = {{"id", "<s>"}, {"ids", {1}}, {"tokens", {"<s>"}}};
  const auto replace = [](const char* from, const char* to) {
    return json{{"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
  };
  const json prepend = {{"type", "Prepend"}, {"prepend", "\u2581"}};
  const json strip = {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}};
  const json byte_fallback = {{"type", "ByteFallback"}}, fuse = {{"type", "Fuse"}};
  json file;
  file["version"] = "1.0";
  file["added_tokens"] = {added_token(0, "<unk>"), added_token(1, "<s>"), added_token(2, "</s>")};
  file["normalizer"] = {{"type", "Sequence"}, {"normalizers", {prepend, replace(" ", "\u2581")}}};
  file["pre_tokenizer"] = nullptr;
  file["post_processor"] = {{"type", "TemplateProcessing"},
                            {"single", {bos, text}},
                            {"pair", {bos, text, other}},
                            {"special_tokens", {{"<s>", bos_ids}}}};
  file["decoder"] = {{"type", "Sequence"},
                     {"decoders", {replace("\u2581", " "), byte_fallback, fuse, strip}}};
  // json::array, because braces around pairs with a string in front make an object.
  const json pairs = json::array(
      {json::array({"a", "b"}), json::array({"\u2581", "ab"}), json::array({"\u2581", "a"})});
  file["model"] = {{"type", "BPE"},
                   {"dropout", nullptr},
                   {"unk_token", "<unk>"},
                   {"continuing_subword_prefix", nullptr},
                   {"end_of_word_suffix", nullptr},
                   {"fuse_unk", true},
                   {"byte_fallback", true},
                   {"ignore_merges", false},
                   {"vocab", vocabulary},
                   {"merges", pairs}};
  return file;
}

}  // namespace radlads::test
