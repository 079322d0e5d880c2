// SPDX-License-Identifier: Apache-2.0
#pragma once
// The texts that a command is given: files, patterns, directories, standard input.

#include "radlads/convert/text_inputs.hpp"

#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace radlads::program {

using convert::documents_of;
using convert::text_inputs;

/// Help of an option that takes texts.
inline constexpr const char* texts_help =
    ".txt (documents between <|endoftext|> lines) or .jsonl, also with .gz or .zst behind; "
    "several, "
    "a pattern in quotes, a directory, or - for standard input";

/// The same where token ids are taken as well.
inline constexpr const char* training_texts_help =
    ".txt (documents between <|endoftext|> lines) or .jsonl, also with .gz or .zst behind; "
    "several, "
    "a pattern in quotes, a directory, or - for standard input; or one .bin with .idx";

/// Adds an option of one or more texts.
CLI::Option* add_texts(CLI::App& app, const std::string& name, std::vector<std::string>& names,
                       const std::string& help = texts_help);

}  // namespace radlads::program
