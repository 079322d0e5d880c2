// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where checkpoints stand in a run's directory: `checkpoint`, the newest, and `checkpoint-STEP`,
// earlier ones that are kept. Only these names, and of them only directories that hold nothing but
// a checkpoint, are ever moved or removed.

#include "radlads/core/error.hpp"
#include "radlads/core/hash.hpp"
#include "radlads/files/atomic.hpp"
#include "radlads/files/descriptor.hpp"
#include "radlads/files/folder.hpp"
#include "radlads/files/left_over.hpp"
#include "radlads/files/mapped.hpp"
#include "radlads/files/replace.hpp"
#include "radlads/io/checkpoint_state.hpp"
#include "radlads/io/safetensors_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace radlads::io {

/// The directory save_checkpoint writes inside a run's own.
inline constexpr std::string_view checkpoint_name = "checkpoint";

/// How many checkpoints of a run stay when nobody says otherwise, the newest included.
inline constexpr std::int64_t usual_kept_checkpoints = 2;

/// Whether a directory is a complete checkpoint: state.json is written last.
inline bool is_checkpoint(const std::filesystem::path& directory) {
  std::error_code code;
  return std::filesystem::exists(directory / "state.json", code);
}

/// The step of an earlier checkpoint's name, checkpoint-STEP; nothing for all other names.
inline std::optional<std::int64_t> kept_step(std::string_view name) {
  if (!name.starts_with(checkpoint_name)) return std::nullopt;
  name.remove_prefix(checkpoint_name.size());
  return name.starts_with('-') ? files::whole_number(name.substr(1)) : std::nullopt;
}

inline std::filesystem::path kept_place(const std::filesystem::path& run, std::int64_t step) {
  return run / concatenate(checkpoint_name, "-", step);
}

/// Whether a name in a run's directory is one of those that saving uses, unfinished ones included.
inline bool is_checkpoint_name(std::string_view name) {
  if (name == checkpoint_name || kept_step(name)) return true;
  const std::optional<files::beside_name> parts = files::parse_beside_name(name);
  return parts && parts->base == checkpoint_name &&
         (parts->word == "partial" || parts->word == "old");
}

/// The steps of the earlier checkpoints that are kept in a run's directory, highest first.
inline std::vector<std::int64_t> kept_steps(const std::filesystem::path& run) {
  std::vector<std::int64_t> steps;
  std::error_code code;
  for (const std::filesystem::directory_entry& entry : files::folder_entries(run, code)) {
    const auto step = kept_step(entry.path().filename().string());
    if (step && is_checkpoint(entry.path())) steps.push_back(*step);
  }
  std::sort(steps.rbegin(), steps.rend());
  return steps;
}

/// The step that a checkpoint's state.json has, or -1 where that cannot be read.
inline std::int64_t step_of(const std::filesystem::path& checkpoint) {
  try {
    return read_checkpoint_state(checkpoint).integer("step");
  } catch (const error&) {
    return -1;
  }
}

/// All checkpoints in a run's directory, the one to go on from first: `checkpoint`; earlier ones by
/// falling step; and those that version 0.1.0 set aside while it exchanged one for the next.
inline std::vector<std::filesystem::path> checkpoints(const std::filesystem::path& run) {
  std::vector<std::filesystem::path> places;
  std::error_code code;
  // Also one without state.json: to pass it over would hide that it is damaged.
  if (std::filesystem::exists(run / checkpoint_name, code)) places.push_back(run / checkpoint_name);
  for (const std::int64_t step : kept_steps(run)) places.push_back(kept_place(run, step));
  std::vector<std::pair<std::int64_t, std::string>> old;
  for (const std::string& name : files::names_beside(run, checkpoint_name, "old")) {
    if (is_checkpoint(run / name)) old.emplace_back(step_of(run / name), name);
  }
  std::sort(old.rbegin(), old.rend());
  for (const auto& [step, name] : old) places.push_back(run / name);
  return places;
}

/// The checkpoint to continue from in a run's directory, if there is one.
inline std::optional<std::filesystem::path> latest_checkpoint(const std::filesystem::path& run) {
  const std::vector<std::filesystem::path> places = checkpoints(run);
  return places.empty() ? std::nullopt : std::optional(places.front());
}

/// The first name in a checkpoint's directory that saving does not give; empty when there is none.
inline std::string foreign_entry(const std::filesystem::path& checkpoint) {
  for (const std::string& name : files::directory_names(checkpoint)) {
    if (name != "state.json" && !name.ends_with(".safetensors")) return name;
  }
  return "";
}

/// Throws unless every file of a checkpoint has the hash that its state.json says; of format 1 the
/// headers alone can be checked.
inline void verify_checkpoint(const std::filesystem::path& checkpoint) {
  const checkpoint_description description = read_checkpoint_description(checkpoint);
  for (const std::string& set : description.sets) {
    const std::string name = set + ".safetensors";
    (void)safetensors_file::open(checkpoint / name);
    const auto expected = description.hashes.find(name);
    if (expected == description.hashes.end()) continue;
    const files::mapped_file file = files::mapped_file::open(checkpoint / name);
    const std::string found = hash_text(stream_hash().update(file.text()).value());
    require(found == expected->second, (checkpoint / name).string(), ": is damaged: its hash is ",
            found, ", state.json says ", expected->second);
  }
}

/// The newest checkpoint of a run beside `damaged` whose files are all whole, if there is one.
inline std::optional<std::filesystem::path> newest_whole_checkpoint(
    const std::filesystem::path& run, const std::filesystem::path& damaged) {
  for (const std::filesystem::path& place : checkpoints(run)) {
    if (place == damaged) continue;
    try {
      verify_checkpoint(place);
      return place;
    } catch (const error&) {
      // The next one is asked.
    }
  }
  return std::nullopt;
}

/// Removes one checkpoint of a run. It loses its name first, so that none is ever half there.
inline void remove_checkpoint(const std::filesystem::path& run,
                              const std::filesystem::path& place) {
  const std::filesystem::path aside = files::name_beside(run / checkpoint_name, "partial");
  files::detail::move_file(place, aside, place);
  std::error_code code;
  std::filesystem::remove_all(aside, code);
  require(!code, "cannot remove ", aside.string(), ": ", code.message());
}

/// Removes what interrupted writes left in a run's directory: unfinished directories, and what
/// version 0.1.0 set aside once a newer one is in place.
inline void remove_left_checkpoints(const std::filesystem::path& run) {
  files::remove_left_over(run / checkpoint_name);
  if (is_checkpoint(run / checkpoint_name)) files::remove_left_over(run / checkpoint_name, "old");
}

/// Removes every checkpoint of a run. Throws before anything is removed when one of the directories
/// holds something else as well.
inline void remove_checkpoints(const std::filesystem::path& run) {
  const std::vector<std::filesystem::path> places = checkpoints(run);
  for (const std::filesystem::path& place : places) {
    const std::string foreign = foreign_entry(place);
    require(foreign.empty(), "cannot remove ", place.string(), ": it holds ", foreign,
            ", which is no part of a checkpoint");
  }
  for (const std::filesystem::path& place : places) remove_checkpoint(run, place);
  files::remove_left_over(run / checkpoint_name);
  files::remove_left_over(run / checkpoint_name, "old");
}

/// Removes earlier checkpoints until `kept` are left with the newest; those whose directories hold
/// anything else stay.
inline void remove_earlier_checkpoints(const std::filesystem::path& run, std::int64_t kept) {
  std::int64_t left = kept - 1;
  for (const std::int64_t step : kept_steps(run)) {
    if (--left >= 0) continue;
    const std::filesystem::path place = kept_place(run, step);
    if (foreign_entry(place).empty()) remove_checkpoint(run, place);
  }
}

}  // namespace radlads::io
