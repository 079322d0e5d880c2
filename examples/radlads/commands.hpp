// SPDX-License-Identifier: Apache-2.0
#pragma once
// The subcommands. Each function adds one to the application and sets what it runs.

#include <CLI/CLI.hpp>

namespace radlads::program {

void add_inspect(CLI::App& app);
void add_tokenizer(CLI::App& app);
void add_tokenize(CLI::App& app);
void add_train(CLI::App& app);
void add_transfer(CLI::App& app);
void add_align(CLI::App& app);
void add_distill(CLI::App& app);
void add_extend(CLI::App& app);
void add_convert(CLI::App& app);
void add_eval(CLI::App& app);
void add_logits(CLI::App& app);
void add_generate(CLI::App& app);
void add_chat(CLI::App& app);
void add_export(CLI::App& app);

}  // namespace radlads::program
