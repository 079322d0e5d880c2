// SPDX-License-Identifier: Apache-2.0
// What is chosen of a stage by size, as numbers.

#include "radlads/core/error.hpp"
#include "recipe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

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

}  // namespace radlads::program
