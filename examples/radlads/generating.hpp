// SPDX-License-Identifier: Apache-2.0
#pragma once
// What generate and chat share: options, prompts, and a text that appears as it is chosen.

#include "loading.hpp"
#include "model.hpp"
#include "radlads/ops/sampling_options.hpp"
#include "radlads/text/stop_strings.hpp"
#include "radlads/text/tokenizer.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::program {

struct generating_options {
  common_options common;
  std::filesystem::path model;
  std::string prompt, prompt_file;
  std::int64_t max_tokens = 256;
  ops::sampling_options sampling;
  std::uint64_t seed = 0;
  std::vector<std::string> stop;
};

/// Adds --model, --prompt, --prompt-file, --max-tokens, --stop, --seed and those of sampling.
void add_generating(CLI::App& app, generating_options& options, const std::string& prompt_help);

/// Throws on values that do not go with each other or with the text to come.
void check(const generating_options& options);

/// The prompt: --prompt, or the bytes of --prompt-file, where - is standard input. Throws naming
/// the place when it is not UTF-8.
std::string read_prompt(const generating_options& options);

/// Shows text at once; throws when standard output takes it no longer.
void show(std::string_view text);

/// A text that the model makes, behind what a generator has taken.
struct answer {
  std::string text;                 ///< what was shown: whole characters, up to a stop string
  std::vector<std::int32_t> taken;  ///< tokens that the generator has taken, ends not among them
  std::int64_t count = 0;           ///< tokens chosen, ends not among them
};

/// Ends of a text: those of the model and of the tokenizer, and what begins one.
std::vector<std::int32_t> end_ids(const models::config& config, const text::tokenizer& tokenizer);

/// Chooses tokens and shows them as whole characters until an end, a stop string or the greatest
/// number. `index` counts the random numbers used. The state of `detokenizer` is continued.
answer make_answer(token_generator& running, const text::tokenizer& tokenizer,
                   const generating_options& options, const std::vector<std::int32_t>& ends,
                   text::detokenizer_state& detokenizer, random_stream numbers,
                   std::uint64_t& index);

}  // namespace radlads::program
