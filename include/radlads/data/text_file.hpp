// SPDX-License-Identifier: Apache-2.0
#pragma once
// The bytes of a file of text, as they are stored and as text: .txt and .jsonl, also compressed
// (.gz, .zst), and standard input.

#include "radlads/core/error.hpp"
#include "radlads/data/text_paths.hpp"
#include "radlads/files/compression.hpp"
#include "radlads/files/descriptor.hpp"
#include "radlads/files/json.hpp"
#include "radlads/files/mapped.hpp"

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace radlads::data {

/// All bytes of a descriptor until its end; throws naming `name`.
inline std::string read_to_end(int descriptor, const std::string& name) {
  constexpr std::size_t part = 1 << 16;
  std::string bytes;
  for (std::size_t size = 0;;) {
    bytes.resize(size + part);
    const ssize_t read = ::read(descriptor, bytes.data() + size, part);
    if (read < 0 && errno == EINTR) continue;
    require(read >= 0, "cannot read ", name, ": ", files::system_text(errno));
    size += static_cast<std::size_t>(read);
    bytes.resize(size);
    if (read == 0) return bytes;
  }
}

/// One file of text, open. Move-only.
class text_file {
 public:
  /// Opens .txt, .jsonl, .txt.gz, .jsonl.zst and so on by their extension. "-" is standard input,
  /// read to its end at once: compressed if its first bytes say so, JSON lines if its first line is
  /// a JSON object with "text" or "messages", plain text otherwise. Throws on another extension.
  static text_file open(const std::filesystem::path& path) {
    text_file file;
    if (path == standard_input) {
      file.name_ = "standard input";
      file.held_ = read_to_end(STDIN_FILENO, file.name_);
      file.compression_ = files::compression_of_bytes(file.held_);
      file.with_text([&](std::string_view text) { file.kind_ = kind_of_bytes(text); });
      return file;
    }
    file.name_ = path.string();
    const std::optional<text_kind> kind = known_kind_of_text(path);
    require(kind == text_kind::plain || kind == text_kind::json_lines, file.name_,
            kind ? ": holds token ids, not text" : ": cannot tell what it holds",
            "; expected the extension .txt or .jsonl, also with .gz or .zst behind it");
    file.kind_ = *kind;
    file.compression_ = files::compression_of_name(path);
    file.mapped_ = files::mapped_file::open(path);
    return file;
  }

  /// What errors call it.
  const std::string& name() const { return name_; }
  /// Plain text or JSON lines.
  text_kind kind() const { return kind_; }
  /// The bytes as they are stored, compressed or not.
  std::string_view stored() const { return held_.empty() ? mapped_.text() : held_; }

  /// f(text), with the text in memory only while f runs where it is compressed. Throws, naming the
  /// byte, when the compressed bytes are damaged or end too early.
  template <class F>
  auto with_text(F&& f) const -> decltype(f(std::string_view())) {
    if (compression_ == files::compression::none) return f(stored());
    const std::string text = files::decompress(compression_, stored(), name_);
    return f(std::string_view(text));
  }

 private:
  static text_kind kind_of_bytes(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos || text[first] != '{') return text_kind::plain;
    const std::string_view line = text.substr(first, text.find('\n', first) - first);
    try {
      files::json row = files::parse_json(line, "standard input");
      const files::json_clearer clearer(row);
      const bool is_row = row.is_object() && (row.contains("text") || row.contains("messages"));
      return is_row ? text_kind::json_lines : text_kind::plain;
    } catch (const error&) {  // a brace may begin any text
      return text_kind::plain;
    }
  }

  std::string name_;
  text_kind kind_ = text_kind::plain;
  files::compression compression_ = files::compression::none;
  files::mapped_file mapped_;
  std::string held_;  // of standard input
};

}  // namespace radlads::data
