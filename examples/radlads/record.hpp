// SPDX-License-Identifier: Apache-2.0
#pragma once
// resolved.yaml beside every output: the settings that made it and what they were applied to. A run
// that continues compares it with its own.

#include "settings.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace radlads::program {

inline constexpr const char* record_name = "resolved.yaml";

/// What resolved.yaml says.
struct run_record {
  std::string settings;                      ///< sections, as to_yaml writes them
  std::map<std::string, std::string> run;    ///< section "run": what the result depends on too
  std::map<std::string, std::string> about;  ///< section "about": what it does not depend on

  std::string text() const;
};

/// Makes a directory and those above it; throws with the system's reason.
void make_directory(const std::filesystem::path& directory);

/// Writes DIRECTORY/resolved.yaml, which run_record::text() gives.
void write_record(const std::filesystem::path& directory, const std::string& text);

/// The text of DIRECTORY/resolved.yaml, if it is there.
std::optional<std::string> read_record(const std::filesystem::path& directory);

/// A value of a record's text: section.key.
std::optional<std::string> record_value(const std::string& text, const std::string& section,
                                        const std::string& key);

/// The first difference between two records that changes the result, as "align.lr_init was 0.001
/// and is now 0.002"; empty when they agree.
std::string find_difference(const std::string& before, const std::string& now);

}  // namespace radlads::program
