// SPDX-License-Identifier: Apache-2.0
#pragma once
// metrics.jsonl: one JSON object a line, {"step": n, ...}, appended while training runs.

#include "radlads/core/error.hpp"
#include "radlads/files/atomic.hpp"
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

/// Between the name of a log that was set aside and its number.
inline constexpr std::string_view damaged_mark = ".damaged-";

/// The growing file. Every line is handed to the system by one write, so that another program
/// may follow it; keys are in alphabetical order.
class metrics_log {
 public:
  /// Starts an empty file, replacing an older one.
  static metrics_log create(const std::filesystem::path& path) {
    return metrics_log(path, O_TRUNC);
  }

  /// Continues a file after `last_step`: the first line of a later step, all that follow it and
  /// an unfinished last line are cut off. Starts an empty file when there is none. A file with a
  /// line that is not a JSON object is set aside and its other lines go on: what a run has printed
  /// must not keep it from going on from a good checkpoint.
  static metrics_log resume(const std::filesystem::path& path, std::int64_t last_step) {
    std::error_code code;
    kept_lines kept;
    if (std::filesystem::exists(std::filesystem::symlink_status(path, code))) {
      kept = lines_until(path, last_step);
    }
    if (!kept.problem.empty()) set_aside(path, kept);
    metrics_log log(path, 0);
    log.problem_ = kept.problem;
    const bool is_cut = ::ftruncate(log.file_.get(), static_cast<off_t>(kept.bytes)) == 0;
    require(is_cut, "cannot write ", path.string(), ": ", files::system_text(errno));
    return log;
  }

  /// What resume found wrong with the file and where that file is now; empty when all was well.
  const std::string& problem() const { return problem_; }

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

  struct kept_lines {
    std::size_t bytes = 0;  // of whole lines up to the wanted step
    std::string problem;    // with the first line that is none
    std::string good;       // the lines up to the wanted step, where there is a problem
  };

  static kept_lines lines_until(const std::filesystem::path& path, std::int64_t last_step) {
    kept_lines kept;
    try {
      const files::mapped_file file = files::mapped_file::open(path);
      const std::string_view text = file.text();
      for (std::int64_t number = 1; kept.bytes < text.size(); ++number) {
        const std::size_t end = text.find('\n', kept.bytes);
        if (end == std::string_view::npos) break;
        const std::string_view line = text.substr(kept.bytes, end - kept.bytes);
        if (!take_line(line, concatenate(path.string(), ", line ", number), last_step, kept)) break;
        kept.bytes = end + 1;
      }
    } catch (const error& problem) {
      kept.problem = problem.what();
    }
    return kept;
  }

  /// False at the first line of a later step.
  static bool take_line(std::string_view text, const std::string& where, std::int64_t last_step,
                        kept_lines& kept) {
    try {
      files::json line = files::parse_json(text, where);
      const files::json_clearer clearer(line);
      const auto step = files::json_find<std::int64_t>(line, "step", where);
      if (step.has_value() && *step > last_step) return false;
      kept.good.append(text) += '\n';
    } catch (const error& problem) {
      if (kept.problem.empty()) kept.problem = problem.what();
    }
    return true;
  }

  /// Renames the file to NAME.damaged-N and writes its good lines again.
  static void set_aside(const std::filesystem::path& path, kept_lines& kept) {
    std::filesystem::path aside;
    std::error_code code;
    for (int number = 1; aside.empty(); ++number) {
      aside = path;
      aside += concatenate(damaged_mark, number);
      if (std::filesystem::exists(std::filesystem::symlink_status(aside, code))) aside.clear();
    }
    std::filesystem::rename(path, aside, code);
    require(!code, "cannot set ", path.string(), " aside: ", code.message());
    kept.problem += concatenate("; it is now ", aside.string());
    files::atomic_file file(path);
    file.write(kept.good.data(), kept.good.size());
    file.commit();
    kept.bytes = kept.good.size();
  }

  std::filesystem::path path_;
  std::string problem_;
  files::file_descriptor file_;
};

}  // namespace radlads::io
