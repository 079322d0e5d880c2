// SPDX-License-Identifier: Apache-2.0
#pragma once
// state.json of a checkpoint: what a run remembers beside its tensors, and the hashes by which
// damage to any file is found.

#include "radlads/core/error.hpp"
#include "radlads/core/hash.hpp"
#include "radlads/files/json.hpp"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::io {

/// What this library writes; format 1, of version 0.1.0, is read too and has no hashes.
inline constexpr std::string_view checkpoint_format = "radlads checkpoint 2";
inline constexpr std::string_view old_checkpoint_format = "radlads checkpoint 1";

/// Step, sampler position, seed, losses, resolved configuration: whatever a run has to remember.
/// Every value comes back exactly, numbers that are not finite too.
struct checkpoint_state {
  std::map<std::string, std::int64_t> integers;
  std::map<std::string, double> numbers;
  std::map<std::string, std::string> texts;  ///< UTF-8

  std::int64_t integer(const std::string& name) const { return of(integers, name, "integer"); }
  double number(const std::string& name) const { return of(numbers, name, "number"); }
  const std::string& text(const std::string& name) const { return of(texts, name, "text"); }

  bool operator==(const checkpoint_state&) const = default;

 private:
  template <class Map>
  static const typename Map::mapped_type& of(const Map& values, const std::string& name,
                                             const char* kind) {
    const auto place = values.find(name);
    require(place != values.end(), "checkpoint: the ", kind, " \"", name, "\" is missing");
    return place->second;
  }
};

/// What is not in the tensors, and what state.json says about them.
struct checkpoint_description {
  checkpoint_state state;
  std::string number_type;
  std::vector<std::string> sets;
  std::map<std::string, std::string> hashes;  ///< by file name; none in format 1
};

/// A hash as state.json has it: sixteen hexadecimal digits.
inline std::string hash_text(std::uint64_t hash) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

namespace detail {

/// The hash of all else in state.json.
inline std::string state_hash(files::json file, const std::string& where) {
  const files::json_clearer clearer(file);
  file.erase("hash");
  return hash_text(stream_hash().update(files::json_text(file, where)).value());
}

inline std::map<std::string, double> read_numbers(const files::json& numbers,
                                                  const std::string& where) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::map<std::string, double> result;
  for (const auto& [name, value] : numbers.items()) {
    if (value == "nan") {
      result[name] = std::numeric_limits<double>::quiet_NaN();
    } else if (value == "inf" || value == "-inf") {
      result[name] = value == "inf" ? infinity : -infinity;
    } else {
      result[name] = files::json_get<double>(numbers, name, where);
    }
  }
  return result;
}

}  // namespace detail

/// Writes state.json. JSON has no infinities and no NaN, so these stand as text.
inline void write_checkpoint_description(const checkpoint_description& description,
                                         const std::filesystem::path& directory) {
  const checkpoint_state& state = description.state;
  files::json values = files::json::object();
  for (const auto& [name, value] : state.numbers) {
    if (std::isfinite(value)) {
      values[name] = value;
    } else {
      values[name] = std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
    }
  }
  files::json file = {{"format", checkpoint_format}, {"number_type", description.number_type},
                      {"sets", description.sets},    {"hashes", description.hashes},
                      {"integers", state.integers},  {"numbers", std::move(values)},
                      {"texts", state.texts}};
  const std::string where = (directory / "state.json").string();
  file["hash"] = detail::state_hash(file, where);
  files::write_json(where, file);
}

/// Reads state.json of a checkpoint; throws naming the file and the key, or both hashes where it
/// was changed since it was written.
inline checkpoint_description read_checkpoint_description(const std::filesystem::path& checkpoint) {
  const std::string where = (checkpoint / "state.json").string();
  files::json file = files::read_json(checkpoint / "state.json");
  const files::json_clearer clearer(file);
  const auto format = files::json_get<std::string>(file, "format", where);
  require(format == checkpoint_format || format == old_checkpoint_format, where,
          ": \"format\" is \"", format, "\", expected \"", checkpoint_format, "\"");
  checkpoint_description description;
  if (format == checkpoint_format) {
    const std::string found = detail::state_hash(file, where);
    const auto expected = files::json_get<std::string>(file, "hash", where);
    require(found == expected, where, ": is damaged: its hash is ", found, ", it says ", expected);
    const files::json& hashes = files::json_object(file, "hashes", where);
    for (const auto& [name, value] : hashes.items()) {
      description.hashes[name] = files::json_get<std::string>(hashes, name, where);
    }
  }
  description.number_type = files::json_get<std::string>(file, "number_type", where);
  description.sets = files::json_get<std::vector<std::string>>(file, "sets", where);
  checkpoint_state& state = description.state;
  const files::json& integers = files::json_object(file, "integers", where);
  for (const auto& [name, value] : integers.items()) {
    state.integers[name] = files::json_get<std::int64_t>(integers, name, where);
  }
  state.numbers = detail::read_numbers(files::json_object(file, "numbers", where), where);
  const files::json& texts = files::json_object(file, "texts", where);
  for (const auto& [name, value] : texts.items()) {
    state.texts[name] = files::json_get<std::string>(texts, name, where);
  }
  return description;
}

/// What a run remembered, without its tensors: a run is built from it before it can be filled.
inline checkpoint_state read_checkpoint_state(const std::filesystem::path& checkpoint) {
  return read_checkpoint_description(checkpoint).state;
}

}  // namespace radlads::io
