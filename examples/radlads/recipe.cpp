// SPDX-License-Identifier: Apache-2.0
#include "messages.hpp"
#include "recipe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace radlads::program {

namespace {

std::string in_millions(double count) {
  if (count < 9.95e5) return fmt::format("{:.0f} thousand", count / 1e3);
  if (count < 9.95e8) return fmt::format("{:.3g} million", count / 1e6);
  return fmt::format("{:.3g} billion", count / 1e9);
}

bool is_given(const settings& values, const std::string& stage, const std::string& key) {
  const std::string name = fmt::format("{}.{}", stage, key);
  return std::find(values.given.begin(), values.given.end(), name) != values.given.end();
}

/// Sets what is not given, but for tokens.
void set_rows_and_rates(settings& values, const std::string& stage, const stage_choice& choice) {
  stage_settings& s = values.stage(stage);
  const auto set = [&](const char* key, auto& to, auto value) {
    if (!is_given(values, stage, key)) to = value;
  };
  set("batch", s.batch, choice.batch);
  set("context", s.context, choice.context);
  // Who gives one rate means it for all.
  const bool has_rate = is_given(values, stage, "lr_init");
  set("lr_init", s.lr_init, choice.rate);
  set("lr_final", s.lr_final, choice.last_rate);
  if (has_rate || choice.mixer_rate == choice.rate) return;
  set("lr2_init", s.lr2_init, choice.mixer_rate);
  set("lr2_final", s.lr2_final, s.lr_final);
}

std::string line_of(const std::string& stage, const stage_settings& s) {
  std::string line = fmt::format("{}: {} tokens, {} x {} a step, rate {} to {}", stage, s.tokens,
                                 s.batch, s.context, s.lr_init, s.lr_final);
  if (s.lr2_init) {
    line += fmt::format(", of the mixers {} to {}", *s.lr2_init, s.lr2_final.value_or(s.lr_final));
  }
  return line;
}

}  // namespace

std::vector<std::string> choose_by_size(settings& values, const std::vector<std::string>& stages,
                                        std::int64_t parameters,
                                        std::optional<std::int64_t> text_tokens) {
  std::vector<std::string> lines{fmt::format(
      "settings by size: the teacher has {} parameters; without -c, what is not given on the "
      "command line lies between the recipes small.yaml (up to 1 million), smollm2.yaml (135 "
      "million) and paper.yaml (7 billion)",
      in_millions(static_cast<double>(parameters)))};
  bool is_short = false;
  for (const std::string& stage : stages) {
    stage_choice choice = choice_by_size(stage, parameters);
    set_rows_and_rates(values, stage, choice);
    stage_settings& s = values.stage(stage);
    choice.batch = s.batch;
    choice.context = s.context;
    if (!is_given(values, stage, "tokens")) {
      s.tokens = text_tokens ? tokens_on_text(choice, *text_tokens) : choice.tokens;
      is_short = is_short || s.tokens < choice.tokens;
    }
    if (s.tokens > 0) lines.push_back(line_of(stage, s));
  }
  if (is_short) {
    lines.push_back(
        fmt::format("the text has {} tokens: a stage is at most 25 passes over it, or 100 steps",
                    *text_tokens));
  }
  if (!text_tokens) {
    lines.emplace_back("a dry run does not read the text; a short one makes the tokens fewer");
  }
  return lines;
}

void settle_by_size(settings& values, const settings_options& options,
                    const std::vector<std::string>& stages, std::int64_t parameters,
                    std::optional<std::int64_t> text_tokens) {
  if (!options.files.empty()) return;
  const auto lines = choose_by_size(values, stages, parameters, text_tokens);
  const bool is_any_run = std::any_of(stages.begin(), stages.end(), [&](const std::string& stage) {
    return values.stage(stage).tokens > 0;
  });
  if (!is_any_run) return;
  for (const std::string& line : lines) message("{}\n", line);
}

}  // namespace radlads::program
