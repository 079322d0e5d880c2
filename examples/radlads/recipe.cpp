// SPDX-License-Identifier: Apache-2.0
#include "messages.hpp"
#include "radlads/core/error.hpp"
#include "recipe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace radlads::program {

namespace {

/// A teacher of known size and what suits it.
struct anchor {
  double parameters;
  stage_choice align, distill;
};

constexpr std::int64_t context = 512;
constexpr std::int64_t million = 1'000'000;

// The rate of step 2 falls with size: what a large teacher knows must not be unlearnt.
constexpr std::array<anchor, 3> anchors{{
    {1e6,
     {20 * million, 32, context, 1e-3, 1e-3, 1e-5},
     {20 * million, 32, context, 3e-3, 3e-3, 1e-5}},
    {135e6,
     {16 * million, 64, context, 1e-3, 1e-3, 1e-5},
     {60 * million, 64, context, 2e-4, 1e-3, 1e-5}},
    {7e9,
     {100 * million, 32, context, 1e-3, 1e-3, 1e-5},
     {500 * million, 96, context, 1e-5, 1e-5, 1e-5}},
}};

double two_digits(double value) {
  const double unit = std::pow(10.0, std::floor(std::log10(value)) - 1);
  // Through text, so that 3e-3 is the double that 3e-3 is written as.
  return std::stod(fmt::format("{:.1e}", std::round(value / unit) * unit));
}

std::int64_t multiple_of(std::int64_t step, double value) {
  return std::max(step, step * std::lround(value / static_cast<double>(step)));
}

/// Between two choices, `share` of the way in logarithms.
stage_choice between(const stage_choice& a, const stage_choice& b, double share) {
  const auto mix = [&](auto from, auto to) {
    const auto x = static_cast<double>(from), y = static_cast<double>(to);
    return x * std::pow(y / x, share);
  };
  return {multiple_of(million, mix(a.tokens, b.tokens)),
          multiple_of(8, mix(a.batch, b.batch)),
          context,
          two_digits(mix(a.rate, b.rate)),
          two_digits(mix(a.mixer_rate, b.mixer_rate)),
          two_digits(mix(a.last_rate, b.last_rate))};
}

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

stage_choice choice_by_size(const std::string& stage, std::int64_t parameters) {
  require(stage == "align" || stage == "distill", "there is no choice by size for ", stage);
  const auto of = [&](const anchor& each) { return stage == "align" ? each.align : each.distill; };
  const auto size = static_cast<double>(parameters);
  if (size <= anchors.front().parameters) return of(anchors.front());
  for (std::size_t i = 1; i < anchors.size(); ++i) {
    const anchor &before = anchors[i - 1], &after = anchors[i];
    if (size >= after.parameters) continue;
    const double share =
        std::log(size / before.parameters) / std::log(after.parameters / before.parameters);
    return between(of(before), of(after), share);
  }
  return of(anchors.back());
}

std::int64_t tokens_on_text(const stage_choice& choice, std::int64_t text_tokens) {
  constexpr std::int64_t most_passes = 25, least_steps = 100;
  const std::int64_t least = least_steps * choice.batch * choice.context;
  // Compared by a quotient: a product of the number of tokens of a text may not fit.
  if (text_tokens >= choice.tokens / most_passes + 1) return choice.tokens;
  return std::min(choice.tokens, std::max(most_passes * text_tokens, least));
}

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
