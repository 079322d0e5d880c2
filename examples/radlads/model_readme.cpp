// SPDX-License-Identifier: Apache-2.0
#include "model_readme.hpp"
#include "radlads/convert/record.hpp"
#include "radlads/files/json.hpp"
#include "radlads/io/architecture.hpp"
#include "radlads/version.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <fstream>
#include <string_view>
#include <system_error>

namespace radlads::program {

namespace {

constexpr std::string_view first_line =
    "<!-- Written by radlads, and again whenever the model is; without this line the file stays. "
    "-->";

std::string training_rows(const std::string& record) {
  std::string rows;
  const auto add = [&](const char* what, const char* section, const char* key) {
    const auto value = convert::record_value(record, section, key);
    if (value && *value != "0") rows += fmt::format("| {} | {} |\n", what, *value);
  };
  add("tokens of the text", "run", "data_tokens");
  add("tokens of alignment (step 1)", "align", "tokens");
  add("tokens of distillation (step 2)", "distill", "tokens");
  add("tokens of longer contexts (step 3)", "extend", "tokens");
  add("context of distillation", "distill", "context");
  return rows;
}

}  // namespace

std::string layers_text(const models::config& c) {
  std::string text;
  for (std::size_t first = 0; first < c.mixers.size();) {
    std::size_t end = first;
    while (end < c.mixers.size() && c.mixers[end] == c.mixers[first]) ++end;
    if (!text.empty()) text += ", ";
    text += end - first > 1 ? fmt::format("{}-{} ", first, end - 1) : fmt::format("{} ", first);
    text += c.mixers[first];
    first = end;
  }
  return text;
}

std::string base_name(const std::filesystem::path& path) {
  const std::filesystem::path normal = path.lexically_normal();
  const std::filesystem::path last =
      normal.has_filename() ? normal.filename() : normal.parent_path().filename();
  return last.extension() == ".gguf" ? last.stem().string() : last.string();
}

std::string model_readme(const models::config& c, const readme_facts& facts) {
  const io::architecture& a = io::architecture_of(c);
  std::string text = fmt::format("{}\n\n# {}\n\n", first_line, facts.name);
  text += fmt::format(
      "A linear-attention student{} after RADLADS (arXiv 2505.03005), made by radlads "
      "{}.{}.{}.\n\n",
      facts.teacher.empty() ? "" : " of " + facts.teacher, version_major, version_minor,
      version_patch);
  text += "| what | |\n|---|---|\n";
  text += fmt::format(
      "| class | {} |\n| layers | {} |\n| hidden, feed-forward, vocabulary | {}, {}, {} |\n",
      a.name, layers_text(c), c.hidden, c.intermediate, c.vocabulary);
  if (!facts.record.empty()) text += training_rows(facts.record);
  if (!facts.record.empty())
    text += fmt::format("\nThe whole recipe is in {}.\n", convert::record_name);
  if (!facts.scores.empty()) text += fmt::format("\n## Scores\n\n```\n{}```\n", facts.scores);
  text +=
      "\n## Use\n\n```\nradlads generate --model DIR --prompt \"Once upon a time\" --max-tokens "
      "200\n```\n\n";
  text += fmt::format(
      "transformers: AutoTokenizer opens this directory. AutoConfig and AutoModel do not: {} is "
      "not part of transformers",
      a.name);
  text += a.mixer.empty() ? ", and no other program has it.\n"
                          : "; its code is what the authors of RADLADS publish beside their "
                            "models, and is not shipped here.\n";
  return text;
}

std::string evaluation_table(const std::filesystem::path& json) {
  std::error_code code;
  if (!std::filesystem::exists(json, code)) return "";
  files::json report = files::read_json(json);
  const files::json_clearer clearer(report);
  std::string table;
  const auto add = [&](const std::string& name, const files::json& values) {
    for (const auto& [key, value] : values.items()) {
      const bool is_figure = value.is_number_float() && key.find("stderr") == std::string::npos;
      if (is_figure)
        table += fmt::format("{:<24} {:<18} {:.4f}\n", name, key.substr(0, key.find(',')),
                             value.get<double>());
    }
  };
  if (!report.is_object()) return "";
  add("text", report);
  const auto results = report.find("results");
  if (results == report.end() || !results->is_object()) return table;
  for (const auto& [name, values] : results->items()) {
    if (values.is_object()) add(name, values);
  }
  return table;
}

bool has_foreign_readme(const std::filesystem::path& directory) {
  std::error_code code;
  if (!std::filesystem::exists(std::filesystem::symlink_status(directory / readme_name, code)))
    return false;
  std::ifstream file(directory / readme_name);
  std::string line;
  return !std::getline(file, line) || line != first_line;
}

}  // namespace radlads::program
