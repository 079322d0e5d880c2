// SPDX-License-Identifier: Apache-2.0
#pragma once
// generation_config.json of a model directory: the tokens that begin and end a text, and settings
// of sampling that other programs read and this library hands on.

#include "radlads/core/error.hpp"
#include "radlads/files/json.hpp"
#include "radlads/models/config.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace radlads::io {

inline constexpr const char* generation_config_name = "generation_config.json";

/// Adds an id that is not in the list yet.
inline void add_token(std::vector<std::int32_t>& ids, std::int32_t id) {
  if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
}

/// The ids under `key`: one number, a list, or none. Throws naming `where` and the key.
inline std::vector<std::int32_t> token_list(const files::json& object, const std::string& key,
                                            const std::string& where) {
  std::vector<std::int32_t> ids;
  const auto entry = object.find(key);
  if (entry != object.end() && entry->is_array()) {
    for (const std::int32_t id : files::json_get<std::vector<std::int32_t>>(object, key, where)) {
      add_token(ids, id);
    }
  } else if (const auto id = files::json_find<std::int32_t>(object, key, where)) {
    ids.push_back(*id);
  }
  return ids;
}

/// The ids as files have them: null, one number, or a list.
inline files::json token_json(const std::vector<std::int32_t>& ids) {
  if (ids.empty()) return files::json();
  return ids.size() == 1 ? files::json(ids[0]) : files::json(ids);
}

/// The object in generation_config.json; empty when the directory has no such file.
inline files::json read_generation_config(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / generation_config_name;
  std::error_code code;
  if (!std::filesystem::exists(path, code)) return files::json::object();
  files::json object = files::read_json(path);
  require(object.is_object(), path.string(), ": expected an object, found ",
          files::json_quote(object));
  return object;
}

/// Writes generation_config.json of a model directory: what that of `source` says, if there is one,
/// with the tokens of the description, which begin, pad and end a text.
inline void write_generation_config(const models::config& c, const std::filesystem::path& directory,
                                    const std::filesystem::path& source = {}) {
  files::json out = source.empty() ? files::json::object() : read_generation_config(source);
  if (c.bos) out["bos_token_id"] = *c.bos;
  if (c.pad && !out.contains("pad_token_id")) out["pad_token_id"] = *c.pad;
  if (!c.eos.empty()) out["eos_token_id"] = token_json(c.eos);
  files::write_json(directory / generation_config_name, out);
}

}  // namespace radlads::io
