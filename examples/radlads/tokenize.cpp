// SPDX-License-Identifier: Apache-2.0
// radlads tokenize: text to binidx files.

#include "commands.hpp"
#include "documents.hpp"
#include "loading.hpp"
#include "messages.hpp"
#include "output_file.hpp"
#include "radlads/core/error.hpp"
#include "radlads/data/binidx.hpp"
#include "radlads/data/token_stream.hpp"
#include "radlads/text/tokenizer.hpp"
#include "texts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace radlads::program {
namespace {

struct tokenize_options {
  common_options common;
  std::filesystem::path tokenizer, out;
  std::vector<std::string> text;
  bool is_overwriting = false;
};

data::token_stream encode(const tokenize_options& o, const text_inputs& given,
                          const text::tokenizer& tokenizer) {
  const int threads = o.common.threads > 0
                          ? o.common.threads
                          : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  return encoded_stream(tokenizer, make_documents(given.rows(), o.tokenizer, false), threads,
                        given.name());
}

void run(const tokenize_options& o) {
  const text_inputs given(o.text);
  const text::tokenizer tokenizer = text::tokenizer::load(o.tokenizer);
  const data::binidx_paths paths(o.out);
  data::binidx_writer::repair(o.out);
  require_new_file(paths.bin, o.is_overwriting);
  require_new_file(paths.idx, o.is_overwriting);
  // Opened first: refuses a place that cannot be written before the work instead of after it.
  data::binidx_writer writer(o.out, tokenizer.vocabulary_size());
  const data::token_stream stream = encode(o, given, tokenizer);
  const std::vector<std::int64_t> offsets = stream.document_offsets();
  std::vector<std::int32_t> ids;
  for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
    ids.resize(static_cast<std::size_t>(offsets[i + 1] - offsets[i]));
    stream.copy(offsets[i], offsets[i + 1] - offsets[i], ids.data());
    writer.append(ids);
  }
  writer.commit();
  print("{}, {}: {} documents, {} tokens\n", paths.bin.string(), paths.idx.string(),
        offsets.size() - 1, stream.size());
}

}  // namespace

void add_tokenize(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "tokenize",
      "Turn text into NAME.bin and NAME.idx, the ids that training reads from the text");
  const auto o = std::make_shared<tokenize_options>();
  command->add_option("--tokenizer", o->tokenizer, "directory of a tokenizer or a model")
      ->required();
  add_texts(*command, "--text", o->text)->required();
  command->add_option("--out", o->out, "NAME of the two files")->required();
  command->add_flag("--overwrite", o->is_overwriting, overwrite_help);
  add_common(*command, o->common);
  command->callback([o] { run(*o); });
}

}  // namespace radlads::program
