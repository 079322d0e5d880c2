// SPDX-License-Identifier: Apache-2.0
#pragma once
// An input as the files that a target reads, and what a target asks of a reader.

#include <filesystem>
#include <string>
#include <string_view>

namespace radlads::fuzz {

/// Several files in one input: parts between lines that begin with this mark.
inline constexpr std::string_view part_mark = "\n=====\n";

/// Part `index` of an input, empty when there are fewer.
std::string_view part_of(std::string_view bytes, int index);

/// Writes a file and returns its path.
std::filesystem::path put(const std::filesystem::path& folder, const std::string& name,
                          std::string_view bytes);

/// Throws std::logic_error, which is a finding: an error of the library would be a refusal.
void expect(bool is_so, const char* what);

}  // namespace radlads::fuzz
