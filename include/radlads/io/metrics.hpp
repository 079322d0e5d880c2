// SPDX-License-Identifier: Apache-2.0
#pragma once
// metrics.jsonl: one JSON object a line, {"step": n, ...}, appended while training runs.

#include "radlads/core/error.hpp"
#include "radlads/files/descriptor.hpp"
#include "radlads/files/json.hpp"
#include "radlads/files/mapped.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <variant>

namespace radlads::io {

/// One named value of a line. Numbers that are not finite are written as null.
struct metric {
  std::string_view name;
  std::variant<double, std::int64_t, std::string_view> value;
};

/// The growing file. Every line is handed to the system by one write, so that another program
/// may follow it; keys are in alphabetical order.
class metrics_log {
 public:
  /// Starts an empty file, replacing an older one.
  static metrics_log create(const std::filesystem::path& path) {
    return metrics_log(path, O_TRUNC);
  }

  /// Continues a file after `last_step`: the first line of a later step, all that follow it and
  /// an unfinished last line are cut off. Starts an empty file when there is none; throws with
  /// the line number when a line is not a JSON object.
  static metrics_log resume(const std::filesystem::path& path, std::int64_t last_step) {
    std::error_code code;
    const bool is_present = std::filesystem::exists(path, code);
    const std::size_t kept = is_present ? bytes_until(path, last_step) : 0;
    metrics_log log(path, 0);
    const bool is_cut = ::ftruncate(log.file_.get(), static_cast<off_t>(kept)) == 0;
    require(is_cut, "cannot write ", path.string(), ": ", files::system_text(errno));
    return log;
  }

  /// Appends {"step": step, name: value, ...}.
  void write(std::int64_t step, std::initializer_list<metric> values) {
    files::json line = {{"step", step}};
    for (const metric& entry : values) {
      std::visit([&](const auto& value) { line[std::string(entry.name)] = value; }, entry.value);
    }
    const std::string text = files::json_text(line, path_.string()) + "\n";
    file_.write(text.data(), text.size(), path_);
  }

 private:
  metrics_log(std::filesystem::path path, int mode)
      : path_(std::move(path)),
        file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | mode, 0666)) {
    require(file_.is_open(), "cannot write ", path_.string(), ": ", files::system_text(errno));
  }

  static std::size_t bytes_until(const std::filesystem::path& path, std::int64_t last_step) {
    const files::mapped_file file = files::mapped_file::open(path);
    const std::string_view text = file.text();
    std::size_t begin = 0;
    for (std::int64_t number = 1; begin < text.size(); ++number) {
      const std::size_t end = text.find('\n', begin);
      if (end == std::string_view::npos) break;
      const std::string where = concatenate(path.string(), ", line ", number);
      const files::json line = files::parse_json(text.substr(begin, end - begin), where);
      const auto step = files::json_find<std::int64_t>(line, "step", where);
      if (step.has_value() && *step > last_step) break;
      begin = end + 1;
    }
    return begin;
  }

  std::filesystem::path path_;
  files::file_descriptor file_;
};

}  // namespace radlads::io
