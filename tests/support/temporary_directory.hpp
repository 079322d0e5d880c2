// SPDX-License-Identifier: Apache-2.0
#pragma once
// A directory for one test, empty at its start and removed at its end; and whole files as strings.

#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace radlads::test {

class temporary_directory : public ::testing::Test {
 protected:
  temporary_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "radlads-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    directory_ = name;
  }
  ~temporary_directory() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  std::filesystem::path path(const std::string& name) const { return directory_ / name; }

  /// Writes a whole file and returns its path.
  std::filesystem::path put(const std::string& name, std::string_view bytes) const {
    std::ofstream(path(name), std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return path(name);
  }

  std::string get(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  /// Names in the directory, sorted.
  std::vector<std::string> list() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  std::filesystem::path directory_;
};

/// Whether a message holds all the given pieces; names the first that is missing.
inline ::testing::AssertionResult says(const std::string& message,
                                       const std::vector<std::string>& pieces) {
  for (const std::string& piece : pieces) {
    if (message.find(piece) == std::string::npos) {
      return ::testing::AssertionFailure() << "\"" << piece << "\" is not in: " << message;
    }
  }
  return ::testing::AssertionSuccess();
}

/// The place of the optional data, which a checkout may lack.
inline std::filesystem::path optional_data() {
  const char* place = std::getenv("RADLADS_DATA");
  return place != nullptr ? place : RADLADS_SOURCE_DIR "/../shared/data";
}

}  // namespace radlads::test
