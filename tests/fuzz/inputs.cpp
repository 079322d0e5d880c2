// SPDX-License-Identifier: Apache-2.0
#include "fuzz/inputs.hpp"

#include <cstddef>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace radlads::fuzz {

std::string_view part_of(std::string_view bytes, int index) {
  for (; index > 0; --index) {
    const std::size_t end = bytes.find(part_mark);
    if (end == std::string_view::npos) return {};
    bytes.remove_prefix(end + part_mark.size());
  }
  return bytes.substr(0, bytes.find(part_mark));
}

std::filesystem::path put(const std::filesystem::path& folder, const std::string& name,
                          std::string_view bytes) {
  const std::filesystem::path path = folder / name;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  expect(file.flush().good(), "an input cannot be written");
  return path;
}

void expect(bool is_so, const char* what) {
  if (!is_so) throw std::logic_error(what);
}

}  // namespace radlads::fuzz
