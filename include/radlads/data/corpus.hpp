// SPDX-License-Identifier: Apache-2.0
#pragma once
// Documents of a text file: plain text with separator lines, or JSON lines. What they are encoded
// with is the caller's; the result is a token_stream.

#include "radlads/core/error.hpp"
#include "radlads/data/token_stream.hpp"
#include "radlads/files/json.hpp"
#include "radlads/files/mapped.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::data {

/// The line between two documents of a plain text file.
inline constexpr std::string_view document_separator = "<|endoftext|>";

/// The text without ASCII white space at either end.
inline std::string_view strip(std::string_view text) {
  constexpr std::string_view blanks = " \t\n\v\f\r";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// Cuts off and returns the first line, without its end.
inline std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

/// Documents between lines `<|endoftext|>`, stripped; empty ones are left out.
inline std::vector<std::string> split_documents(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  std::vector<std::string> documents;
  const auto add = [&](std::string_view document) {
    document = strip(document);
    if (!document.empty()) documents.emplace_back(document);
  };
  std::string_view document = text;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (strip(line) != document_separator) continue;
    add(document.substr(0, static_cast<std::size_t>(line.data() - document.data())));
    document = text;
  }
  add(document);
  return documents;
}

/// The "text" of each line of a JSON lines file, unchanged; blank lines and blank texts are left
/// out. Throws naming `where` and the line.
inline std::vector<std::string> split_json_lines(std::string_view text, const std::string& where) {
  std::vector<std::string> documents;
  for (std::int64_t number = 1; !text.empty(); ++number) {
    const std::string_view line = strip(take_line(text));
    if (line.empty()) continue;
    const std::string place = concatenate(where, ", line ", number);
    std::string document =
        files::json_get<std::string>(files::parse_json(line, place), "text", place);
    if (!strip(document).empty()) documents.push_back(std::move(document));
  }
  return documents;
}

/// What a file of text holds, by its extension.
enum class text_kind { plain, json_lines, token_ids };

/// Throws, naming what can be read, on another extension than .txt, .jsonl, .bin and .idx.
inline text_kind kind_of_text(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  if (extension == ".txt") return text_kind::plain;
  if (extension == ".jsonl") return text_kind::json_lines;
  require(extension == ".bin" || extension == ".idx", path.string(),
          ": cannot tell what it holds; expected the extension .txt, .jsonl, .bin or .idx");
  return text_kind::token_ids;
}

/// Documents of a .txt or .jsonl file; throws on another extension and when there are none.
inline std::vector<std::string> read_documents(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  require(extension != ".bin" && extension != ".idx", path.string(),
          ": holds token ids, not text; expected the extension .txt or .jsonl");
  require(extension == ".txt" || extension == ".jsonl", path.string(),
          ": cannot tell what it holds; expected the extension .txt or .jsonl");
  const files::mapped_file file = files::mapped_file::open(path);
  std::vector<std::string> documents = extension == ".txt"
                                           ? split_documents(file.text())
                                           : split_json_lines(file.text(), path.string());
  require(!documents.empty(), path.string(), ": holds no text");
  return documents;
}

/// Tokens of a file chosen by its extension: .bin and .idx are mapped, .txt and .jsonl encoded
/// document by document on `threads` threads. Throws when there are none.
template <encoder Encode>
token_stream read_tokens(const std::filesystem::path& path, const Encode& encode, int threads) {
  token_stream stream = kind_of_text(path) == text_kind::token_ids
                            ? token_stream::from_binidx(path)
                            : token_stream::from_documents(read_documents(path), encode, threads);
  require(stream.size() > 0, path.string(), ": holds no tokens");
  return stream;
}

}  // namespace radlads::data
