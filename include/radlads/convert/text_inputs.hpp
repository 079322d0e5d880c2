// SPDX-License-Identifier: Apache-2.0
#pragma once
// The texts of a run: files, patterns, directories, standard input.

#include "radlads/core/error.hpp"
#include "radlads/data/corpus.hpp"
#include "radlads/data/text_file.hpp"
#include "radlads/data/text_paths.hpp"
#include "radlads/text/utf8_place.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::convert {

namespace detail {

/// JSON is checked where it is read.
inline void require_utf8(const data::text_file& file, std::string_view text) {
  if (file.kind() == data::text_kind::plain) text::require_utf8(text, file.name());
}

}  // namespace detail

/// Texts of one file, none when it is empty. Throws, naming the file, the line and the byte, when
/// it is not UTF-8, and when a row is a conversation.
inline std::vector<std::string> documents_of(const data::text_file& file) {
  return file.with_text([&](std::string_view text) {
    detail::require_utf8(file, text);
    return data::split_text(file.kind(), text, file.name());
  });
}

/// The files behind the names that an option was given. Standard input is read when it is first
/// asked for, and kept.
class text_inputs {
 public:
  /// Throws as data::text_paths.
  explicit text_inputs(const std::vector<std::string>& names) : paths_(data::text_paths(names)) {}

  const std::vector<std::filesystem::path>& paths() const { return paths_; }
  bool has_standard_input() const {
    return std::find(paths_.begin(), paths_.end(), data::standard_input) != paths_.end();
  }
  /// Whether they are one file of token ids.
  bool holds_ids() const {
    return paths_.size() == 1 && !has_standard_input() &&
           data::kind_of_text(paths_.front()) == data::text_kind::token_ids;
  }
  /// What messages call them: the first and how many more.
  std::string name() const {
    const std::string first =
        paths_.front() == data::standard_input ? "standard input" : paths_.front().string();
    return paths_.size() == 1 ? first : concatenate(first, " and ", paths_.size() - 1, " more");
  }

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
  std::vector<data::text_row> rows() const {
    std::vector<data::text_row> all;
    for_each([&](const data::text_file& file) {
      std::vector<data::text_row> own = file.with_text([&](std::string_view text) {
        detail::require_utf8(file, text);
        return data::split_rows(file.kind(), text, file.name());
      });
      std::move(own.begin(), own.end(), std::back_inserter(all));
    });
    require(!all.empty(), name(), ": holds no text");
    return all;
  }

 private:
  const data::text_file& standard_input() const {
    if (!standard_input_) standard_input_ = data::text_file::open(data::standard_input);
    return *standard_input_;
  }

  std::vector<std::filesystem::path> paths_;
  mutable std::optional<data::text_file> standard_input_;
};

}  // namespace radlads::convert
