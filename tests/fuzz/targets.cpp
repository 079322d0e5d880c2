// SPDX-License-Identifier: Apache-2.0
#include "fuzz/seeds.hpp"
#include "fuzz/targets.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/error.hpp"
#include "radlads/data/binidx.hpp"
#include "radlads/data/corpus.hpp"
#include "radlads/files/gguf.hpp"
#include "radlads/files/json.hpp"
#include "radlads/io/checkpoint_state.hpp"
#include "radlads/io/config_reader.hpp"
#include "radlads/io/gguf/config.hpp"
#include "radlads/io/gguf/tensors.hpp"
#include "radlads/io/safetensors_reader.hpp"
#include "radlads/text/bpe_trainer.hpp"
#include "radlads/text/gguf_tokenizer.hpp"
#include "radlads/text/tokenizer.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::fuzz {

std::string_view part_of(std::string_view bytes, int index) {
  for (; index > 0; --index) {
    const std::size_t end = bytes.find(part_mark);
    if (end == std::string_view::npos) return {};
    bytes.remove_prefix(end + part_mark.size());
  }
  return bytes.substr(0, bytes.find(part_mark));
}

namespace {

namespace fs = std::filesystem;

fs::path put(const fs::path& folder, const std::string& name, std::string_view bytes) {
  const fs::path path = folder / name;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return path;
}

/// Reads every tensor that fits a megabyte.
template <class Source>
void read_all(const Source& source) {
  for (const std::string& name : source.names()) {
    const auto* entry = source.find(name);
    std::int64_t count = 1;
    for (const std::int64_t extent : entry->shape) {
      count = extent > 0 && count <= (1 << 18) / extent ? count * extent : 0;
    }
    std::vector<float> values(static_cast<std::size_t>(count));
    try {
      if (count > 0) io::read_tensor(*entry, entry->shape, values.data());
    } catch (const error&) {  // integers are refused, and the tensors behind them are still read
    }
  }
}

void run_safetensors(std::string_view bytes, const fs::path& folder) {
  read_all(io::safetensors_set::open(put(folder, "a.safetensors", bytes)));
}

void run_index(std::string_view bytes, const fs::path& folder) {
  put(folder, "model.safetensors.index.json", part_of(bytes, 0));
  put(folder, "a.safetensors", part_of(bytes, 1));
  read_all(io::safetensors_set::open(folder));
}

void run_config(std::string_view bytes, const fs::path& folder) {
  put(folder, "config.json", part_of(bytes, 0));
  if (!part_of(bytes, 1).empty()) put(folder, "generation_config.json", part_of(bytes, 1));
  (void)io::read_config(folder);
}

/// Encodes and decodes what stands behind the files of a tokenizer.
void use(const text::tokenizer& tokenizer, std::string_view text) {
  const std::vector<std::int32_t> ids = tokenizer.encode_document(text.substr(0, 4096));
  const std::string back = tokenizer.decode(ids, false);
  require(text::invalid_utf8_offset(back) == std::string_view::npos, "decoded text is not UTF-8");
}

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

void run_gguf(std::string_view bytes, const fs::path& folder) {
  const io::gguf_tensors tensors = io::gguf_tensors::open(put(folder, "a.gguf", bytes));
  read_all(tensors);
  (void)io::read_gguf_config(tensors.file());
}

void run_gguf_tokenizer(std::string_view bytes, const fs::path& folder) {
  const files::gguf_file file = files::gguf_file::open(put(folder, "a.gguf", bytes));
  const text::tokenizer_json_files made = text::huggingface_tokenizer(file);
  put(folder, "tokenizer.json", files::json_text(made.tokenizer, "tokenizer.json"));
  use(text::tokenizer::load(folder / "tokenizer.json"), "a b ab\n");
}

void run_binidx(std::string_view bytes, const fs::path& folder) {
  put(folder, "a.idx", part_of(bytes, 0));
  put(folder, "a.bin", part_of(bytes, 1));
  const data::binidx_file file = data::binidx_file::open(folder / "a");
  (void)file.document_offsets();
  const std::int64_t count = std::min<std::int64_t>(file.tokens(), 1 << 16);
  std::vector<std::int32_t> ids(static_cast<std::size_t>(count));
  file.copy(file.tokens() - count, count, ids.data());
}

void run_corpus(std::string_view bytes, const fs::path& folder) {
  for (const char* name : {"a.txt", "a.jsonl", "a.txt.gz", "a.jsonl.zst"}) {
    try {
      (void)data::read_documents(put(folder, name, bytes));
    } catch (const error&) {  // another form may still be valid
    }
  }
}

void run_checkpoint(std::string_view bytes, const fs::path& folder) {
  put(folder, "state.json", bytes);
  (void)io::read_checkpoint_state(folder);
}

void run_bpe_trainer(std::string_view bytes, const fs::path&) {
  text::bpe_training_options options;
  options.vocabulary_size = 300;
  options.minimum_count = 1;
  text::bpe_trainer trainer(options);
  trainer.add(bytes.substr(0, 2048));
  (void)trainer.train();
}

void run_json(std::string_view bytes, const fs::path&) {
  const files::json value = files::parse_json(bytes, "input");
  require(files::parse_json(files::json_text(value, "input"), "again") == value,
          "JSON changes when it is written");
}

constexpr std::array<target, 12> targets{
    {{"safetensors", run_safetensors, safetensors_seeds},
     {"index", run_index, index_seeds},
     {"config", run_config, config_seeds},
     {"tokenizer_json", run_tokenizer_json, tokenizer_json_seeds},
     {"tokenizer_folder", run_tokenizer_folder, tokenizer_folder_seeds},
     {"gguf", run_gguf, gguf_seeds},
     {"gguf_tokenizer", run_gguf_tokenizer, gguf_tokenizer_seeds},
     {"binidx", run_binidx, binidx_seeds},
     {"corpus", run_corpus, corpus_seeds},
     {"checkpoint", run_checkpoint, checkpoint_seeds},
     {"bpe_trainer", run_bpe_trainer, bpe_trainer_seeds},
     {"json", run_json, json_seeds}}};

}  // namespace

std::span<const target> all_targets() { return targets; }

}  // namespace radlads::fuzz
