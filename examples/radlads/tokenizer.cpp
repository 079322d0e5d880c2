// SPDX-License-Identifier: Apache-2.0
// radlads tokenizer: learns a byte-level BPE from text.

#include "commands.hpp"
#include "messages.hpp"
#include "options.hpp"
#include "radlads/core/error.hpp"
#include "radlads/files/atomic.hpp"
#include "radlads/text/bpe_trainer.hpp"
#include "texts.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace radlads::program {
namespace {

struct tokenizer_options {
  std::vector<std::string> texts;
  std::filesystem::path out;
  std::int32_t vocabulary = 8192;
};

void run(const tokenizer_options& o) {
  const text_inputs given(o.texts);
  text::bpe_training_options training;
  training.vocabulary_size = o.vocabulary;
  text::bpe_trainer trainer(training);
  // Refuses a place that cannot be written before the work, and removes what is unfinished after
  // it.
  files::atomic_directory directory(o.out, files::existing_directory::refuse);
  std::size_t documents = 0, bytes = 0;
  given.for_each([&](const data::text_file& file) {
    for (const std::string& document : documents_of(file)) {
      trainer.add(document);
      ++documents;
      bytes += document.size();
    }
  });
  require(documents > 0, given.name(), ": holds no text");
  const text::trained_bpe trained = trainer.train();
  text::write_tokenizer(directory.path(), trained, training);
  directory.commit();
  print("{}: {} tokens from {} documents, {} bytes of text\n", o.out.string(),
        trained.tokens.size(), documents, bytes);
}

}  // namespace

void add_tokenizer(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "tokenizer", "Learn a byte-level BPE from text; writes tokenizer.json and its config");
  const auto o = std::make_shared<tokenizer_options>();
  add_texts(*command, "--text", o->texts)->required();
  add_number(*command, "--vocab", o->vocabulary, "tokens, with <|endoftext|> and the 256 bytes");
  command->add_option("--out", o->out, "directory to make")->required();
  command->callback([o] { run(*o); });
}

}  // namespace radlads::program
