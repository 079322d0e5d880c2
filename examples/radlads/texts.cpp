// SPDX-License-Identifier: Apache-2.0
#include "radlads/core/error.hpp"
#include "radlads/data/corpus.hpp"
#include "radlads/text/utf8_place.hpp"
#include "texts.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::program {

namespace {

/// JSON is checked where it is read.
void require_utf8(const data::text_file& file, std::string_view text) {
  if (file.kind() == data::text_kind::plain) text::require_utf8(text, file.name());
}

}  // namespace

CLI::Option* add_texts(CLI::App& app, const std::string& name, std::vector<std::string>& names,
                       const std::string& help) {
  return app.add_option(name, names, help)->type_name("FILE ...");
}

std::vector<std::string> documents_of(const data::text_file& file) {
  return file.with_text([&](std::string_view text) {
    require_utf8(file, text);
    return data::split_text(file.kind(), text, file.name());
  });
}

bool text_inputs::has_standard_input() const {
  return std::find(paths_.begin(), paths_.end(), data::standard_input) != paths_.end();
}

bool text_inputs::holds_ids() const {
  return paths_.size() == 1 && !has_standard_input() &&
         data::kind_of_text(paths_.front()) == data::text_kind::token_ids;
}

std::string text_inputs::name() const {
  const std::string first =
      paths_.front() == data::standard_input ? "standard input" : paths_.front().string();
  return paths_.size() == 1 ? first : fmt::format("{} and {} more", first, paths_.size() - 1);
}

std::vector<data::text_row> text_inputs::rows() const {
  std::vector<data::text_row> all;
  for_each([&](const data::text_file& file) {
    std::vector<data::text_row> own = file.with_text([&](std::string_view text) {
      require_utf8(file, text);
      return data::split_rows(file.kind(), text, file.name());
    });
    std::move(own.begin(), own.end(), std::back_inserter(all));
  });
  require(!all.empty(), name(), ": holds no text");
  return all;
}

const data::text_file& text_inputs::standard_input() const {
  if (!standard_input_) standard_input_ = data::text_file::open(data::standard_input);
  return *standard_input_;
}

}  // namespace radlads::program
