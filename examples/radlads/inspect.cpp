// SPDX-License-Identifier: Apache-2.0
// radlads inspect: what a model directory holds, from its config and the headers of its tensors.

#include "commands.hpp"
#include "loading.hpp"
#include "messages.hpp"
#include "model.hpp"
#include "model_readme.hpp"
#include "radlads/core/error.hpp"
#include "radlads/files/json.hpp"
#include "radlads/io/model_description.hpp"
#include "radlads/io/safetensors_reader.hpp"
#include "state_size.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::program {
namespace {

/// 1234567 as "1,234,567".
std::string grouped(std::int64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t place = text.size(); place > 3;) text.insert(place -= 3, ",");
  return text;
}

void print_line(std::string_view name, const std::string& value) {
  print("  {:<14} {}\n", name, value);
}

void print_tensors(const io::safetensors_set& file) {
  std::map<std::string_view, std::int64_t> by_kind;
  std::map<std::string_view, std::int64_t> by_type;
  std::int64_t total = 0;
  for (const std::string& name : file.names()) {
    const io::tensor_entry& entry = *file.find(name);
    std::int64_t count = 1;
    for (const std::int64_t extent : entry.shape) count *= extent;
    by_kind[io::group_of_name(name)] += count;
    by_type[io::dtype_name(entry.dtype)] += 1;
    total += count;
  }
  std::string kinds;
  for (const char* kind : {"embedding", "mixers", "feed-forward", "norms", "head", "other"}) {
    if (!by_kind.contains(kind)) continue;
    kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", kind, grouped(by_kind[kind]));
  }
  std::string types;
  for (const auto& [type, count] : by_type) {
    types += fmt::format("{}{} {}", types.empty() ? "" : ", ", count, type);
  }
  print_line("parameters", fmt::format("{}: {}", grouped(total), kinds));
  print_line("tensors", fmt::format("{} in {} {}", types, file.files().size(),
                                    file.files().size() == 1 ? "file" : "files"));
}

void print_tokenizer(const std::filesystem::path& directory, const models::config& c) {
  const bool has_tokenizer = std::filesystem::exists(directory / "tokenizer.json") ||
                             std::filesystem::exists(directory / "vocab.json");
  if (!has_tokenizer) return print_line("tokenizer", "none");
  const text::tokenizer tokenizer = load_tokenizer(directory, c);
  const auto named = [&](std::string_view word, std::optional<std::int32_t> id) {
    if (!id) return std::string();
    return fmt::format(", {} {} {}", word, *id, tokenizer.token_text(*id));
  };
  print_line("tokenizer", fmt::format("{} tokens{}{}, fingerprint {:016x}",
                                      tokenizer.vocabulary_size(), named("BOS", tokenizer.bos_id()),
                                      named("EOS", tokenizer.eos_id()), tokenizer.fingerprint()));
}

/// The class that the file names, which may be another one than this program would write.
std::string architecture_name(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / "config.json";
  return files::json_get<std::vector<std::string>>(files::read_json(path), "architectures",
                                                   path.string())
      .front();
}

void run(const std::filesystem::path& directory) {
  const models::config c = io::read_description(directory).config;
  const io::safetensors_set file = io::safetensors_set::open(directory);
  const state_size state = measure_state(c);
  print("{}\n", directory.string());
  print_line("architecture", architecture_name(directory));
  print_line("sizes", fmt::format("vocabulary {}, hidden {}, feed-forward {}, context {}, {}",
                                  c.vocabulary, c.hidden, c.intermediate, c.max_positions,
                                  c.is_tied ? "head tied to the embedding" : "own head"));
  print_line("heads",
             fmt::format("{} of {}, {} for keys and values", c.heads, c.head_size, c.kv_heads));
  print_line("layers", fmt::format("{}: {}", c.layers, layers_text(c)));
  print_tensors(file);
  print_line("state", fmt::format("{} bytes a sequence ({} recurrent layers, float)",
                                  grouped(state.sequence), state.recurrent_layers));
  print_line("cache", fmt::format("{} bytes a token ({} softmax layers, float)",
                                  grouped(state.token), state.softmax_layers));
  print_tokenizer(directory, c);
}

}  // namespace

void add_inspect(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "inspect", "Show sizes, parameters, mixers, state bytes and tokenizer of a model directory");
  const auto directory = std::make_shared<std::filesystem::path>();
  command->add_option("DIR", *directory, "model directory")->required();
  command->callback([directory] { run(*directory); });
}

}  // namespace radlads::program
