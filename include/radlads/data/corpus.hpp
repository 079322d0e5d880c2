// SPDX-License-Identifier: Apache-2.0
#pragma once
// Documents of a text file: plain text with separator lines, or JSON lines. What they are encoded
// with is the caller's; the result is a token_stream.

#include "radlads/core/error.hpp"
#include "radlads/data/text_file.hpp"
#include "radlads/data/text_paths.hpp"
#include "radlads/data/token_stream.hpp"
#include "radlads/files/json.hpp"

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
    files::json row = files::parse_json(line, place);
    const files::json_clearer clearer(row);
    std::string document = files::json_get<std::string>(row, "text", place);
    if (!strip(document).empty()) documents.push_back(std::move(document));
  }
  return documents;
}

/// One message of a conversation.
struct chat_turn {
  std::string role, content;
};

/// A document as its file has it: a text, or the messages of a conversation.
struct text_row {
  std::string text;
  std::vector<chat_turn> messages;
  std::string place;  ///< what errors call it: the file and, of JSON lines, the line
};

/// The "messages" of a row, each with a "role" and a "content" of text. Throws, naming `place`, on
/// others and when there are none.
inline std::vector<chat_turn> read_messages(const files::json& row, const std::string& place) {
  const files::json& list = row["messages"];
  require(list.is_array() && !list.empty(), place,
          ": \"messages\" must be a list of at least one message, found ", files::json_quote(list));
  std::vector<chat_turn> messages;
  for (const files::json& each : list) {
    const std::string own = concatenate(place, ", message ", messages.size() + 1);
    messages.push_back({files::json_get<std::string>(each, "role", own),
                        files::json_get<std::string>(each, "content", own)});
  }
  return messages;
}

/// Rows of a JSON lines file: the "messages" of a line or, where it has none, its "text",
/// unchanged; blank lines and blank texts are left out. Throws naming `where` and the line.
inline std::vector<text_row> split_json_rows(std::string_view text, const std::string& where) {
  std::vector<text_row> rows;
  for (std::int64_t number = 1; !text.empty(); ++number) {
    const std::string_view line = strip(take_line(text));
    if (line.empty()) continue;
    text_row row;
    row.place = concatenate(where, ", line ", number);
    files::json given = files::parse_json(line, row.place);
    const files::json_clearer clearer(given);
    if (given.is_object() && given.contains("messages")) {
      row.messages = read_messages(given, row.place);
    } else {
      row.text = files::json_get<std::string>(given, "text", row.place);
    }
    if (!row.messages.empty() || !strip(row.text).empty()) rows.push_back(std::move(row));
  }
  return rows;
}

/// Rows of a text of that kind, plain or JSON lines; `where` is what errors name.
inline std::vector<text_row> split_rows(text_kind kind, std::string_view text,
                                        const std::string& where) {
  if (kind == text_kind::json_lines) return split_json_rows(text, where);
  std::vector<text_row> rows;
  for (std::string& each : split_documents(text)) rows.push_back({std::move(each), {}, where});
  return rows;
}

/// Documents of a text of that kind, plain or JSON lines; `where` is what errors name.
inline std::vector<std::string> split_text(text_kind kind, std::string_view text,
                                           const std::string& where) {
  return kind == text_kind::plain ? split_documents(text) : split_json_lines(text, where);
}

/// Documents of a .txt or .jsonl file, also with .gz or .zst behind; throws on another extension
/// and when there are none.
inline std::vector<std::string> read_documents(const std::filesystem::path& path) {
  const text_file file = text_file::open(path);
  std::vector<std::string> documents = file.with_text(
      [&](std::string_view text) { return split_text(file.kind(), text, file.name()); });
  require(!documents.empty(), file.name(), ": holds no text");
  return documents;
}

/// Tokens of a file chosen by its extension: .bin and .idx are mapped, .txt and .jsonl, also with
/// .gz or .zst behind, encoded document by document on `threads` threads. Throws when there are
/// none.
template <encoder Encode>
token_stream read_tokens(const std::filesystem::path& path, const Encode& encode, int threads) {
  token_stream stream = kind_of_text(path) == text_kind::token_ids
                            ? token_stream::from_binidx(path)
                            : token_stream::from_documents(read_documents(path), encode, threads);
  require(stream.size() > 0, path.string(), ": holds no tokens");
  return stream;
}

}  // namespace radlads::data
