// SPDX-License-Identifier: Apache-2.0
// Readers of tensors, configurations, tokens, texts to train on, checkpoints and logs.

#include "fuzz/inputs.hpp"
#include "fuzz/targets.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/error.hpp"
#include "radlads/data/binidx.hpp"
#include "radlads/data/corpus.hpp"
#include "radlads/files/json.hpp"
#include "radlads/io/checkpoint_state.hpp"
#include "radlads/io/config_reader.hpp"
#include "radlads/io/gguf/config.hpp"
#include "radlads/io/gguf/tensors.hpp"
#include "radlads/io/metrics.hpp"
#include "radlads/io/safetensors_reader.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::fuzz {

namespace fs = std::filesystem;

namespace {

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

}  // namespace

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
  const std::string_view generation = part_of(bytes, 1);
  if (generation.empty()) {
    fs::remove(folder / "generation_config.json");
  } else {
    put(folder, "generation_config.json", generation);
  }
  (void)io::read_config(folder);
}

void run_gguf(std::string_view bytes, const fs::path& folder) {
  const io::gguf_tensors tensors = io::gguf_tensors::open(put(folder, "a.gguf", bytes));
  read_all(tensors);
  (void)io::read_gguf_config(tensors.file());
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

void run_metrics(std::string_view bytes, const fs::path& folder) {
  const fs::path path = put(folder, "metrics.jsonl", bytes);
  io::metrics_log log = io::metrics_log::resume(path, 3);
  log.write(4, {{"loss", 0.5}});
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path() != path) fs::remove(entry.path());
  }
  // What a run continues from is good the next time.
  expect(io::metrics_log::resume(path, 4).problem().empty(), "a mended log is damaged");
}

void run_json(std::string_view bytes, const fs::path&) {
  const files::json value = files::parse_json(bytes, "input");
  expect(files::parse_json(files::json_text(value, "input"), "again") == value,
         "JSON changes when it is written");
}

}  // namespace radlads::fuzz
