// SPDX-License-Identifier: Apache-2.0
#include "radlads/data/corpus.hpp"
#include "radlads/files/mapped.hpp"
#include "radlads/text/utf8_place.hpp"
#include "texts.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace radlads::program {

std::vector<std::string> read_texts(const std::filesystem::path& path) {
  // JSON is checked where it is read; read_documents refuses other files.
  if (path.extension() == ".txt") {
    text::require_utf8(files::mapped_file::open(path).text(), path.string());
  }
  return data::read_documents(path);
}

}  // namespace radlads::program
