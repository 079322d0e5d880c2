// SPDX-License-Identifier: Apache-2.0
#pragma once
// What hostile bytes are given to: one function for each reader, and small valid inputs to begin
// with.

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::fuzz {

/// A reader under test. `run` may throw radlads::error and nothing else; files go below `folder`,
/// which is the target's own.
struct target {
  std::string_view name;
  void (*run)(std::string_view bytes, const std::filesystem::path& folder);
  std::vector<std::string> (*seeds)();
};

std::span<const target> all_targets();

/// Several files in one input: parts between lines that begin with this mark.
inline constexpr std::string_view part_mark = "\n=====\n";

/// Part `index` of an input, empty when there are fewer.
std::string_view part_of(std::string_view bytes, int index);

}  // namespace radlads::fuzz
