// SPDX-License-Identifier: Apache-2.0
#pragma once
// Settings of steps 1 and 2 by the size of the teacher and of the text, for those who give no
// recipe: tokens, rows, context and rates of the recipes that came with the program, and between
// them what lies between.

#include "settings.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace radlads::program {

/// What is chosen of a stage.
struct stage_choice {
  std::int64_t tokens = 0, batch = 0, context = 0;
  double rate = 0;        ///< at the beginning, of what is not the mixers'
  double mixer_rate = 0;  ///< at the beginning, of the mixers
  double last_rate = 0;
};

/// The choice for "align" or "distill" under a teacher of so many parameters, on a text without
/// end. The anchors are a million parameters and fewer (recipes/small.yaml), 135 million
/// (smollm2.yaml), and 7 billion and more (paper.yaml); between two of them values go as straight
/// lines of logarithms, tokens in whole millions, rows in multiples of eight, rates in two digits.
stage_choice choice_by_size(const std::string& stage, std::int64_t parameters);

/// Tokens of a stage on a text of `text_tokens`: those by size, but no more than 25 passes over the
/// text unless these are fewer than 100 steps.
std::int64_t tokens_on_text(const stage_choice& choice, std::int64_t text_tokens);

/// Sets of these stages what `values.given` does not hold, and returns lines that say what was
/// chosen and why. Without `text_tokens`, as in a dry run, the text counts as long.
std::vector<std::string> choose_by_size(settings& values, const std::vector<std::string>& stages,
                                        std::int64_t parameters,
                                        std::optional<std::int64_t> text_tokens);

/// choose_by_size unless a file of settings is given (-c); prints the lines.
void settle_by_size(settings& values, const settings_options& options,
                    const std::vector<std::string>& stages, std::int64_t parameters,
                    std::optional<std::int64_t> text_tokens);

}  // namespace radlads::program
