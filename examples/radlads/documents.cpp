// SPDX-License-Identifier: Apache-2.0
#include "documents.hpp"
#include "identity.hpp"
#include "loading.hpp"
#include "messages.hpp"
#include "radlads/core/hash.hpp"
#include "radlads/data/corpus.hpp"
#include "radlads/data/token_cache.hpp"
#include "radlads/files/gguf.hpp"
#include "radlads/files/mapped.hpp"
#include "radlads/text/encoder.hpp"
#include "text_progress.hpp"
#include "texts.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace radlads::program {

namespace {

/// Documents of a text file, those to be held out moved to the second list.
std::pair<std::vector<std::string>, std::vector<std::string>> split_held_out(
    std::vector<std::string> documents, std::int64_t hold_out) {
  if (hold_out == 0) return {std::move(documents), std::vector<std::string>()};
  require(hold_out >= 2, "--hold-out is ", hold_out, ", expected at least 2");
  std::vector<std::string> kept, held;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const bool is_held = (i + 1) % static_cast<std::size_t>(hold_out) == 0;
    (is_held ? held : kept).push_back(std::move(documents[i]));
  }
  require(!held.empty(), "--hold-out ", hold_out, " holds nothing out: the text has only ",
          kept.size(), " documents");
  return {std::move(kept), std::move(held)};
}

/// Checks every id and returns a hash of all of them (FNV-1a on whole ids).
std::uint64_t check_ids(const data::token_stream& stream, std::int64_t vocabulary,
                        const std::filesystem::path& text) {
  constexpr std::int64_t block = 1 << 16;
  std::vector<std::int32_t> ids(static_cast<std::size_t>(block));
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (std::int64_t first = 0; first < stream.size(); first += block) {
    const std::int64_t count = std::min(block, stream.size() - first);
    stream.copy(first, count, ids.data());
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int32_t id = ids[static_cast<std::size_t>(i)];
      require(id >= 0 && id < vocabulary, text.string(), ": token ", first + i, " has id ", id,
              ", outside the model's vocabulary of ", vocabulary);
      hash = (hash ^ static_cast<std::uint32_t>(id)) * 0x100000001b3u;
    }
  }
  return hash;
}

/// training_ids of many documents.
class training_encoder {
 public:
  explicit training_encoder(const text::tokenizer& tokenizer)
      : encoder_(tokenizer), end_(tokenizer.eos_id()) {
    const text::post_processor& around = tokenizer.post_processor();
    if (!around.prefix().empty() || !around.suffix().empty()) end_.reset();
  }

  std::vector<std::int32_t> operator()(std::string_view document) {
    std::vector<std::int32_t> ids = encoder_.encode_document(document);
    if (end_) ids.push_back(*end_);
    return ids;
  }

 private:
  text::encoder encoder_;
  std::optional<std::int32_t> end_;  // put behind what the tokenizer leaves bare
};

/// Texts below this size are encoded in a fraction of a second, and nothing is kept of them.
constexpr std::size_t least_kept_text = 1 << 20;

/// A hash of all files that a tokenizer is read from: those of a directory, config.json among them
/// since it may name the split, or those beside one file and the file itself.
std::uint64_t tokenizer_files_hash(const std::filesystem::path& place) {
  std::error_code ignored;
  if (files::is_gguf(place)) return tokenizer_hash(place);
  const bool is_file = std::filesystem::is_regular_file(place, ignored);
  const std::filesystem::path folder = is_file ? place.parent_path() : place;
  const std::uint64_t known = tokenizer_hash(folder);
  stream_hash hash;
  hash.update(&known, sizeof(known));
  for (const std::filesystem::path& more : {folder / "config.json", place}) {
    if (!std::filesystem::is_regular_file(more, ignored)) continue;
    hash.update(files::mapped_file::open(more).text());
  }
  return hash.value();
}

/// A hash of what the ids of a text depend on: its bytes, the tokenizer's files and how both are
/// used. The number in front changes when the same files give other ids.
std::uint64_t ids_key(std::string_view text, const std::filesystem::path& path,
                      const std::filesystem::path& model_directory,
                      const text::tokenizer& tokenizer, std::int64_t hold_out) {
  const std::uint64_t numbers[] = {1, tokenizer_files_hash(model_directory),
                                   tokenizer.fingerprint(), static_cast<std::uint64_t>(hold_out)};
  stream_hash hash;
  hash.update(numbers, sizeof(numbers)).update(path.extension().string() + "\n").update(text);
  return hash.value();
}

/// Documents of a text: as ids those that are not held out, from where an earlier run has kept them
/// if it has.
training_text encoded_text(const std::filesystem::path& text,
                           const std::filesystem::path& model_directory,
                           const text::tokenizer& tokenizer, std::int64_t hold_out, int threads) {
  const files::mapped_file file = files::mapped_file::open(text);
  const bool is_kept = file.size() >= least_kept_text;
  const data::token_cache cache(
      text, is_kept ? ids_key(file.text(), text, model_directory, tokenizer, hold_out) : 0);
  std::vector<std::string> problems;
  std::optional<data::token_stream> stream;
  if (is_kept) stream = cache.find(problems);
  for (const std::string& problem : problems) message("radlads: {}; made again\n", problem);
  const bool needs_text = !stream || hold_out != 0;
  auto [documents, held_out] =
      split_held_out(needs_text ? read_texts(text) : std::vector<std::string>(), hold_out);
  if (!stream) {
    stream = training_stream(tokenizer, documents, threads, text);
    problems.clear();
    const bool is_lost = is_kept && !cache.keep(*stream, problems);
    if (is_lost) message("radlads: the ids are not kept: {}\n", problems.back());
  }
  return {*std::move(stream), std::move(held_out), 0, tokenizer.fingerprint()};
}

}  // namespace

std::vector<std::int32_t> training_ids(const text::tokenizer& tokenizer,
                                       std::string_view document) {
  return training_encoder(tokenizer)(document);
}

std::vector<std::int32_t> scoring_ids(const text::tokenizer& tokenizer,
                                      std::optional<std::int32_t> prefix, std::string_view document,
                                      std::int64_t context) {
  std::vector<std::int32_t> ids = tokenizer.encode_document(document);
  if (prefix) ids.insert(ids.begin(), *prefix);
  ids.resize(std::min(ids.size(), static_cast<std::size_t>(context)));
  return ids;
}

data::token_stream training_stream(const text::tokenizer& tokenizer,
                                   const std::vector<std::string>& documents, int threads,
                                   const std::filesystem::path& path) {
  std::size_t bytes = 0;
  for (const std::string& document : documents) bytes += document.size();
  text_progress progress(bytes);
  try {
    return data::token_stream::from_documents(documents, training_encoder(tokenizer), threads,
                                              progress);
  } catch (const error& problem) {
    // The tokenizer does not know where the text came from.
    fail(path.string(), ": ", problem.what());
  }
}

training_text read_training_text(const std::filesystem::path& text,
                                 const std::filesystem::path& model_directory,
                                 const models::config& model, std::int64_t hold_out, int threads) {
  if (data::kind_of_text(text) == data::text_kind::token_ids) {
    require(hold_out == 0, "--hold-out needs a .txt or .jsonl file; ", text.string(),
            " is a token file");
    const auto no_text = [](std::string_view) { return std::vector<std::int32_t>(); };
    training_text result{data::read_tokens(text, no_text, threads), {}, 0, 0};
    result.hash = check_ids(result.stream, model.vocabulary, text);
    return result;
  }
  const text::tokenizer tokenizer = load_tokenizer(model_directory, model);
  training_text result = encoded_text(text, model_directory, tokenizer, hold_out, threads);
  require(result.stream.size() > 0, text.string(), ": holds no tokens");
  result.hash = check_ids(result.stream, model.vocabulary, text);
  return result;
}

}  // namespace radlads::program
