// SPDX-License-Identifier: Apache-2.0
#pragma once
// Rotary position in config.json: rope_theta and rope_scaling in older files, rope_parameters in
// those of transformers 5. What neither of them says means what it means there.

#include "radlads/core/error.hpp"
#include "radlads/files/json.hpp"
#include "radlads/models/config.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace radlads::io {

/// The object that describes scaling: rope_scaling unless it is absent, null or empty, else
/// rope_parameters; an empty object when there is neither.
inline files::json rope_section(const files::json& object, const std::string& where,
                                std::string& key) {
  for (const char* each : {"rope_scaling", "rope_parameters"}) {
    key = each;
    const auto found = files::json_find<files::json>(object, key, where);
    if (found && !found->empty()) return *found;
  }
  return files::json::object();
}

/// Base and scaling of the frequencies. `max_positions` is the context where the file names no
/// original one. Throws naming `where`, the key, and a kind of scaling that is not computed.
inline ops::rope_frequencies read_rope(const files::json& object, const std::string& where,
                                       std::int64_t max_positions) {
  const auto positive = [](const files::json& from, const std::string& key,
                           const std::string& place, double fallback) {
    const double value = files::json_find<double>(from, key, place).value_or(fallback);
    require(value > 0, place, ": \"", key, "\" must be positive, found ", value);
    return value;
  };
  std::string key;
  const files::json section = rope_section(object, where, key);
  const std::string place = where + ", \"" + key + "\"";
  for (const auto& [name, value] : section.items()) {
    require(!value.is_object(), place, ": \"", name,
            "\" is an object; frequencies that differ from layer to layer are not supported");
  }
  ops::rope_frequencies result(
      positive(section, "rope_theta", place, positive(object, "rope_theta", where, 1e4)));
  for (const auto& [from, at] : {std::pair(&object, &where), std::pair(&section, &place)}) {
    const double part = files::json_find<double>(*from, "partial_rotary_factor", *at).value_or(1);
    require(part == 1, *at, ": \"partial_rotary_factor\" is ", part,
            "; partial rotary position is not supported");
  }
  const auto older = files::json_find<std::string>(section, "type", place).value_or("default");
  const auto type = files::json_find<std::string>(section, "rope_type", place).value_or(older);
  if (type == "default") return result;
  ops::rope_scaling& s = result.scaling;
  const auto required = [&](const char* name) {
    (void)files::json_get<double>(section, name, place);
    return positive(section, name, place, 0);
  };
  require(type == "linear" || type == "llama3", place, ": \"rope_type\" is \"", type,
          "\", a scaling that is not supported; supported are default, linear and llama3");
  s.factor = required("factor");
  s.kind = ops::rope_scaling_kind::linear;
  if (type == "linear") return result;
  s.kind = ops::rope_scaling_kind::llama3;
  s.low_factor = required("low_freq_factor");
  s.high_factor = required("high_freq_factor");
  require(s.low_factor < s.high_factor, place, ": \"low_freq_factor\" is ", s.low_factor,
          ", not below \"high_freq_factor\", which is ", s.high_factor);
  const char* const original = "original_max_position_embeddings";
  s.original_positions =
      positive(object, original, where,
               positive(section, original, place, static_cast<double>(max_positions)));
  return result;
}

/// The keys of rotary position as older and newer readers take them.
inline void write_rope(const ops::rope_frequencies& f, files::json& out) {
  out["rope_theta"] = f.base;
  const ops::rope_scaling& s = f.scaling;
  if (s.kind == ops::rope_scaling_kind::none) return;
  if (s.kind == ops::rope_scaling_kind::linear) {
    out["rope_scaling"] = {{"rope_type", "linear"}, {"factor", s.factor}};
    return;
  }
  out["rope_scaling"] = {{"rope_type", "llama3"},
                         {"factor", s.factor},
                         {"low_freq_factor", s.low_factor},
                         {"high_freq_factor", s.high_factor}};
  // A whole number where it is one: other readers want it so.
  const auto whole = static_cast<std::int64_t>(s.original_positions);
  files::json& original = out["rope_scaling"]["original_max_position_embeddings"];
  original = s.original_positions;
  if (static_cast<double>(whole) == s.original_positions) original = whole;
}

}  // namespace radlads::io
