// SPDX-License-Identifier: Apache-2.0
#pragma once
// resolved.yaml beside every output: the settings that made it and what they were applied to. A run
// that continues compares it with its own.

#include "settings.hpp"

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::program {

inline constexpr const char* record_name = "resolved.yaml";

/// Of the section "run": how identities and hashes are made. Version 0.1.0 wrote none.
inline constexpr const char* record_format = "2";

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

/// Settings that change the rounding of sums at most: how many rows go at a time, what is computed
/// twice, and on what and how many. A run may go on with others.
inline constexpr std::array<std::string_view, 5> rounding_settings{"micro_batch", "recompute",
                                                                   "device", "threads", "ranks"};

/// Settings that say when something is written, and change no number.
inline constexpr std::array<std::string_view, 2> writing_settings{"save_every", "log_every"};

/// Whether a record is of a version that wrote no identity: 0.1.0.
bool is_old_record(const std::string& text);

/// Differences in rounding_settings, as find_difference words them.
std::vector<std::string> rounding_differences(const std::string& before, const std::string& now);

/// The first difference between two records that changes more than rounding, as "align.lr_init was
/// 0.001 and is now 0.002"; empty when they agree. Of an old record the settings and the number of
/// tokens are compared alone.
std::string find_difference(const std::string& before, const std::string& now);

}  // namespace radlads::program
