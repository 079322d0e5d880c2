// SPDX-License-Identifier: Apache-2.0
// Readers of tokenizers, chat templates and evaluation sets.

#include "fuzz/inputs.hpp"
#include "fuzz/targets.hpp"
#include "radlads/evaluate/task_file.hpp"
#include "radlads/files/gguf.hpp"
#include "radlads/files/json.hpp"
#include "radlads/text/bpe_trainer.hpp"
#include "radlads/text/chat_template.hpp"
#include "radlads/text/chat_template_files.hpp"
#include "radlads/text/gguf_tokenizer.hpp"
#include "radlads/text/tokenizer.hpp"

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::fuzz {

namespace fs = std::filesystem;

namespace {

/// Encodes and decodes what stands behind the files of a tokenizer.
void use(const text::tokenizer& tokenizer, std::string_view text) {
  const std::vector<std::int32_t> ids = tokenizer.encode_document(text.substr(0, 4096));
  const std::string back = tokenizer.decode(ids, false);
  expect(text::invalid_utf8_offset(back) == std::string_view::npos, "decoded text is not UTF-8");
}

/// Renders a conversation within bounds that keep a run short.
void use(const text::chat_template& form, std::string_view text) {
  const std::vector<text::chat_message> messages{
      {"system", "Be kind."}, {"user", std::string(text)}, {"assistant", " b\n"}, {"user", "c"}};
  std::tm day = {};
  day.tm_year = 124;
  day.tm_mday = 1;
  text::jinja::environment outside =
      text::chat_environment(messages, true, {{"bos_token", "<s>"}, {"eos_token", "</s>"}}, day);
  outside.bounds.steps = 3000;
  outside.bounds.bytes = 100'000;
  const std::string made = form.render(outside);
  expect(made.size() <= 100'000, "a template makes more than it may");
}

}  // namespace

void run_tokenizer_json(std::string_view bytes, const fs::path& folder) {
  const fs::path path = put(folder, "tokenizer.json", part_of(bytes, 0));
  use(text::tokenizer::load(path), part_of(bytes, 1));
}

void run_tokenizer_folder(std::string_view bytes, const fs::path& folder) {
  put(folder, "tokenizer_config.json", part_of(bytes, 0));
  put(folder, "vocab.json", part_of(bytes, 1));
  put(folder, "merges.txt", part_of(bytes, 2));
  use(text::tokenizer::load(folder), part_of(bytes, 3));
}

void run_gguf_tokenizer(std::string_view bytes, const fs::path& folder) {
  const files::gguf_file file = files::gguf_file::open(put(folder, "a.gguf", bytes));
  const text::tokenizer_json_files made = text::huggingface_tokenizer(file);
  put(folder, "tokenizer.json", files::json_text(made.tokenizer, "tokenizer.json"));
  use(text::tokenizer::load(folder / "tokenizer.json"), "a b ab\n");
}

void run_bpe_trainer(std::string_view bytes, const fs::path&) {
  text::bpe_training_options options;
  options.vocabulary_size = 300;
  options.minimum_count = 1;
  text::bpe_trainer trainer(options);
  trainer.add(bytes.substr(0, 2048));
  (void)trainer.train();
}

/// A template and a question, or a tokenizer_config.json with a template in it.
void run_chat_template(std::string_view bytes, const fs::path& folder) {
  const std::string_view source = part_of(bytes, 0), question = part_of(bytes, 1);
  if (!source.starts_with("{\"")) return use(text::chat_template(source), question);
  put(folder, "tokenizer_config.json", source);
  use(text::read_chat_template(folder).form, question);
}

/// A name, rows and, where examples are wanted, their rows.
void run_task(std::string_view bytes, const fs::path& folder) {
  const evaluate::task* const known = evaluate::find_task(part_of(bytes, 0));
  const std::string name(known == nullptr ? "own" : known->name);
  put(folder, name + ".jsonl", part_of(bytes, 1));
  const std::string_view examples = part_of(bytes, 2);
  if (!examples.empty()) put(folder, name + ".fewshot.jsonl", examples);
  const auto all = evaluate::read_task(folder, name, examples.empty() ? 0 : 1);
  for (const auto& [part, documents] : all.parts) {
    for (const evaluate::document& each : documents) {
      expect(each.gold < each.options.size(), "the right option is none");
      expect(each.lengths.empty() || each.lengths.size() == each.options.size(),
             "options and their lengths are not as many");
    }
  }
}

}  // namespace radlads::fuzz
