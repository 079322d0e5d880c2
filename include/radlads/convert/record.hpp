// SPDX-License-Identifier: Apache-2.0
#pragma once
// resolved.yaml beside every output: the settings that made it and what they were applied to. A run
// that continues compares it with its own. Of YAML a record has sections of "key: value" alone.

#include "radlads/convert/settings_text.hpp"
#include "radlads/core/error.hpp"
#include "radlads/files/atomic.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace radlads::convert {

inline constexpr const char* record_name = "resolved.yaml";

/// Of the section "run": how identities and hashes are made. Version 0.1.0 wrote none.
inline constexpr const char* record_format = "2";

/// Settings that change the rounding of sums at most: how many rows go at a time, what is computed
/// twice, and on what and how many. A run may go on with others.
inline constexpr std::array<std::string_view, 5> rounding_settings{"micro_batch", "recompute",
                                                                   "device", "threads", "ranks"};

/// Settings that say when something is written, and change no number.
inline constexpr std::array<std::string_view, 2> writing_settings{"save_every", "log_every"};

namespace detail {

/// A text in quotes, as YAML reads it back.
inline std::string quoted(const std::string& text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      result += {'\\', 'x', digits[byte / 16], digits[byte % 16]};
      continue;
    }
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

/// What quoted() made `text` of; nothing when it did not.
inline std::optional<std::string> unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') return std::nullopt;
    if (text[i] != '\\') {
      result += text[i];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    if (text[i] == '"' || text[i] == '\\') {
      result += text[i];
      continue;
    }
    unsigned byte = 0;
    const char* const hex = text.data() + i + 1;
    if (text[i] != 'x' || i + 2 >= text.size()) return std::nullopt;
    if (std::from_chars(hex, hex + 2, byte, 16).ptr != hex + 2) return std::nullopt;
    result += static_cast<char>(byte);
    i += 2;
  }
  return result;
}

using facts = std::map<std::string, std::string>;

/// A record's lines: f(section, key, value) for each value. Returns the number of the first line
/// that is none of a record, 0 when all are.
template <class F>
std::size_t for_each_fact(std::string_view text, F&& f) {
  std::string section;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    if (!line.starts_with(' ')) {
      if (!line.ends_with(':')) return number;
      section = line.substr(0, line.size() - 1);
      continue;
    }
    const std::size_t mark = line.find(": ");
    if (!line.starts_with("  ") || mark == line.npos || mark < 3 || section.empty()) return number;
    const std::string_view written = line.substr(mark + 2);
    const auto value =
        written.starts_with('"') ? unquoted(written) : std::optional<std::string>(written);
    if (!value || written.empty()) return number;
    f(section, std::string(line.substr(2, mark - 2)), *value);
  }
  return 0;
}

/// All "section.key" of a record; those of the section "run" by their key alone.
inline facts flatten(const std::string& text) {
  facts values;
  for_each_fact(text, [&](const std::string& section, const std::string& key, std::string value) {
    values[section == "run" ? key : section + "." + key] = std::move(value);
  });
  return values;
}

inline bool is_one_of(std::string_view key, std::span<const std::string_view> keys) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

/// The last part of "align.micro_batch".
inline std::string_view bare_key(std::string_view key) { return key.substr(key.rfind('.') + 1); }

/// Whether a fact is of the section "about", or of settings that a run may go on without.
inline bool is_idle(const std::string& key) {
  if (key.starts_with("about.")) return true;
  // Keys of the models behind a run are of their own files.
  if (key.starts_with("teacher.") || key.starts_with("start.")) return false;
  return is_one_of(bare_key(key), writing_settings) || is_one_of(bare_key(key), rounding_settings);
}

/// Facts that version 0.1.0 did not record, or hashed in another way.
inline bool is_new_fact(const std::string& key) {
  return key == "format" || key == "data_hash" || key == "tokenizer" ||
         key.starts_with("teacher.") || key.starts_with("start.");
}

inline std::string change(const std::string& key, const std::string& before,
                          const std::string& now) {
  return key + " was " + before + " and is now " + now;
}

}  // namespace detail

/// What resolved.yaml says.
struct run_record {
  std::string settings;                      ///< sections, as settings_text writes them
  std::map<std::string, std::string> run;    ///< section "run": what the result depends on too
  std::map<std::string, std::string> about;  ///< section "about": what it does not depend on

  std::string text() const {
    std::string result = settings;
    const auto add = [&](const char* name, const std::map<std::string, std::string>& section) {
      if (!section.empty()) result += std::string(name) + ":\n";
      for (const auto& [key, value] : section) {
        result += "  " + key + ": " + detail::quoted(value) + "\n";
      }
    };
    add("run", run);
    add("about", about);
    return result;
  }
};

/// Makes a directory and those above it; throws with the system's reason.
inline void make_directory(const std::filesystem::path& directory) {
  std::error_code code;
  std::filesystem::create_directories(directory, code);
  require(!code, "cannot create directory ", directory.string(), ": ", code.message());
}

/// Writes DIRECTORY/resolved.yaml, which run_record::text() gives.
inline void write_record(const std::filesystem::path& directory, const std::string& text) {
  files::atomic_file file(directory / record_name);
  file.write(text.data(), text.size());
  file.commit();
}

/// A value of a record's text: section.key.
inline std::optional<std::string> record_value(const std::string& text, const std::string& section,
                                               const std::string& key) {
  std::optional<std::string> found;
  detail::for_each_fact(text,
                        [&](const std::string& in, const std::string& name, std::string value) {
                          if (in == section && name == key) found = std::move(value);
                        });
  return found;
}

/// The text of DIRECTORY/resolved.yaml, if it is there. Throws when a line of a record is damaged;
/// a file without the section "about" is none, and is returned as it is.
inline std::optional<std::string> read_record(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / record_name;
  std::error_code code;
  if (!std::filesystem::exists(path, code)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  require(file.good() || file.eof(), path.string(), ": cannot be read");
  const std::size_t damaged = detail::for_each_fact(text, [](const auto&...) {});
  const bool is_record = ("\n" + text).find("\nabout:\n") != text.npos;
  require(damaged == 0 || !is_record, path.string(), ": line ", damaged,
          ": expected a section or \"  key: value\"");
  return text;
}

/// Whether a record is of a version that wrote no identity: 0.1.0.
inline bool is_old_record(const std::string& text) {
  return !detail::flatten(text).contains("format");
}

/// Differences in rounding_settings, as find_difference words them.
inline std::vector<std::string> rounding_differences(const std::string& before,
                                                     const std::string& now) {
  const detail::facts old = detail::flatten(before);
  std::vector<std::string> differences;
  for (const auto& [key, value] : detail::flatten(now)) {
    if (!detail::is_one_of(detail::bare_key(key), rounding_settings)) continue;
    const auto place = old.find(key);
    if (place == old.end() || place->second == value) continue;
    differences.push_back(
        detail::change(key.starts_with("about.") ? std::string(detail::bare_key(key)) : key,
                       place->second, value));
  }
  return differences;
}

/// The first difference between two records that changes more than rounding, as "align.lr_init was
/// 0.001 and is now 0.002"; empty when they agree. Of an old record the settings and the number of
/// tokens are compared alone.
inline std::string find_difference(const std::string& before, const std::string& now) {
  const detail::facts old = detail::flatten(before), recent = detail::flatten(now);
  // What an older version did not know was as it is when nothing is said of it.
  const detail::facts usual =
      detail::flatten(settings_text(settings(), {"model", "align", "distill", "extend", "train"}));
  const bool is_old = is_old_record(before);
  for (const auto& [key, value] : recent) {
    if (detail::is_idle(key) || (is_old && detail::is_new_fact(key))) continue;
    const auto place = old.find(key);
    if (place != old.end()) {
      if (place->second != value) return detail::change(key, place->second, value);
      continue;
    }
    const auto fallback = usual.find(key);
    if (fallback != usual.end() && fallback->second == value) continue;
    return key + " was not known and is now " + value;
  }
  for (const auto& [key, value] : old) {
    if (detail::is_idle(key) || is_old || recent.contains(key)) continue;
    return key + " was " + value + " and is not there now";
  }
  return "";
}

}  // namespace radlads::convert
