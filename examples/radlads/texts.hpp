// SPDX-License-Identifier: Apache-2.0
#pragma once
// The texts that a command is given: files, patterns, directories, standard input.

#include "radlads/data/corpus.hpp"
#include "radlads/data/text_file.hpp"
#include "radlads/data/text_paths.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace radlads::program {

/// Help of an option that takes texts.
inline constexpr const char* texts_help =
    ".txt (documents between <|endoftext|> lines) or .jsonl, also with .gz or .zst behind; "
    "several, "
    "a pattern in quotes, a directory, or - for standard input";

/// The same where token ids are taken as well.
inline constexpr const char* training_texts_help =
    ".txt (documents between <|endoftext|> lines) or .jsonl, also with .gz or .zst behind; "
    "several, "
    "a pattern in quotes, a directory, or - for standard input; or one .bin with .idx";

/// Adds an option of one or more texts.
CLI::Option* add_texts(CLI::App& app, const std::string& name, std::vector<std::string>& names,
                       const std::string& help = texts_help);

/// Texts of one file, none when it is empty. Throws, naming the file, the line and the byte, when
/// it is not UTF-8, and when a row is a conversation.
std::vector<std::string> documents_of(const data::text_file& file);

/// The files behind the names that an option was given. Standard input is read when it is first
/// asked for, and kept.
class text_inputs {
 public:
  /// Throws as data::text_paths.
  explicit text_inputs(const std::vector<std::string>& names) : paths_(data::text_paths(names)) {}

  const std::vector<std::filesystem::path>& paths() const { return paths_; }
  bool has_standard_input() const;
  /// Whether they are one file of token ids.
  bool holds_ids() const;
  /// What messages call them: the first and how many more.
  std::string name() const;

  /// f(const data::text_file&) for each file in order; only one is open at a time.
  template <class F>
  void for_each(F&& f) const {
    for (const std::filesystem::path& path : paths_) {
      if (path == data::standard_input) {
        f(standard_input());
      } else {
        f(data::text_file::open(path));
      }
    }
  }

  /// Rows of all files. Throws, naming the file, the line and the byte, when one is not UTF-8, and
  /// when there are none.
  std::vector<data::text_row> rows() const;

 private:
  const data::text_file& standard_input() const;

  std::vector<std::filesystem::path> paths_;
  mutable std::optional<data::text_file> standard_input_;
};

}  // namespace radlads::program
