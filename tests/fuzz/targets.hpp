// SPDX-License-Identifier: Apache-2.0
#pragma once
// What hostile bytes are given to: one function for each reader, and small valid inputs to begin
// with.

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::fuzz {

/// A reader under test. `run` may throw radlads::error and nothing else; files go below `folder`,
/// which is the target's own.
struct target {
  std::string_view name;
  void (*run)(std::string_view bytes, const std::filesystem::path& folder);
  std::vector<std::string> (*seeds)();
};

std::span<const target> all_targets();

using folder_path = std::filesystem::path;

void run_safetensors(std::string_view bytes, const folder_path& folder);
void run_index(std::string_view bytes, const folder_path& folder);
void run_config(std::string_view bytes, const folder_path& folder);
void run_gguf(std::string_view bytes, const folder_path& folder);
void run_binidx(std::string_view bytes, const folder_path& folder);
void run_corpus(std::string_view bytes, const folder_path& folder);
void run_checkpoint(std::string_view bytes, const folder_path& folder);
void run_metrics(std::string_view bytes, const folder_path& folder);
void run_json(std::string_view bytes, const folder_path& folder);
void run_tokenizer_json(std::string_view bytes, const folder_path& folder);
void run_tokenizer_folder(std::string_view bytes, const folder_path& folder);
void run_gguf_tokenizer(std::string_view bytes, const folder_path& folder);
void run_bpe_trainer(std::string_view bytes, const folder_path& folder);
void run_chat_template(std::string_view bytes, const folder_path& folder);
void run_task(std::string_view bytes, const folder_path& folder);
/// Of the program; it is there where the program is built.
void run_settings(std::string_view bytes, const folder_path& folder);

}  // namespace radlads::fuzz
