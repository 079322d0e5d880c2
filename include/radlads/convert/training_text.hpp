// SPDX-License-Identifier: Apache-2.0
#pragma once
// Texts as models are fed them: one flat stream of ids for training, single documents for scores.

#include "radlads/convert/document.hpp"
#include "radlads/convert/identity.hpp"
#include "radlads/convert/loading.hpp"
#include "radlads/convert/run_context.hpp"
#include "radlads/convert/text_inputs.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/hash.hpp"
#include "radlads/data/corpus.hpp"
#include "radlads/data/loss_mark.hpp"
#include "radlads/data/token_cache.hpp"
#include "radlads/data/token_stream.hpp"
#include "radlads/files/gguf.hpp"
#include "radlads/files/mapped.hpp"
#include "radlads/models/config.hpp"
#include "radlads/text/encoder.hpp"
#include "radlads/text/tokenizer.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace radlads::convert {

/// Text for training, and the documents of it that are kept for scores.
struct training_text {
  data::token_stream stream;
  std::vector<document> held_out;
  std::uint64_t hash = 0;       ///< of all ids of the stream
  std::uint64_t tokenizer = 0;  ///< its fingerprint; 0 when the text came as ids
};

/// How a text becomes ids.
struct text_options {
  std::int64_t hold_out = 0;   ///< every so many-th document is left out of the stream; 0: none
  bool marks_answers = false;  ///< all are conversations; what is no answer is data::left_out
};

namespace detail {

/// Documents of a text file, those to be held out moved to the second list.
inline std::pair<std::vector<document>, std::vector<document>> split_held_out(
    std::vector<document> documents, std::int64_t hold_out) {
  if (hold_out == 0) return {std::move(documents), std::vector<document>()};
  require(hold_out >= 2, "--hold-out is ", hold_out, ", expected at least 2");
  std::vector<document> kept, held;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const bool is_held = (i + 1) % static_cast<std::size_t>(hold_out) == 0;
    (is_held ? held : kept).push_back(std::move(documents[i]));
  }
  require(!held.empty(), "--hold-out ", hold_out, " holds nothing out: the text has only ",
          kept.size(), " documents");
  return {std::move(kept), std::move(held)};
}

/// Checks every id and returns a hash of all of them (FNV-1a on whole ids).
inline std::uint64_t check_ids(const data::token_stream& stream, std::int64_t vocabulary,
                               const std::string& text, bool marks_answers = false) {
  constexpr std::int64_t block = 1 << 16;
  std::vector<std::int32_t> ids(static_cast<std::size_t>(block));
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (std::int64_t first = 0; first < stream.size(); first += block) {
    const std::int64_t count = std::min(block, stream.size() - first);
    stream.copy(first, count, ids.data());
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int32_t kept = ids[static_cast<std::size_t>(i)];
      const std::int32_t id = marks_answers ? data::id_of(kept) : kept;
      require(id >= 0 && id < vocabulary, text, ": token ", first + i, " has id ", id,
              ", outside the model's vocabulary of ", vocabulary);
      hash = (hash ^ static_cast<std::uint32_t>(kept)) * 0x100000001b3u;
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

  std::vector<std::int32_t> operator()(const document& document) {
    if (document.is_chat) return of_conversation(document);
    std::vector<std::int32_t> ids = encoder_.encode_document(document.text);
    if (end_) ids.push_back(*end_);
    return ids;
  }

 private:
  std::vector<std::int32_t> of_conversation(const document& document) {
    std::vector<std::int32_t> ids = encoder_.encode(document.text);
    if (document.answers.empty()) return ids;
    const auto encode = [&](std::string_view text) { return encoder_.encode(text); };
    const std::vector<text::text_span> answers =
        text::answer_tokens({document.text, document.answers}, ids, encode);
    std::vector<std::int32_t> marked = ids;
    for (std::int32_t& each : marked) each = data::left_out(each);
    for (const text::text_span& answer : answers) {
      for (std::size_t i = answer.begin; i < answer.end; ++i) marked[i] = ids[i];
    }
    return marked;
  }

  text::encoder encoder_;
  std::optional<std::int32_t> end_;  // put behind what the tokenizer leaves bare
};

/// Texts below this size are encoded in a fraction of a second, and nothing is kept of them.
inline constexpr std::size_t least_kept_text = 1 << 20;

/// A hash of all files that a tokenizer is read from: those of a directory, config.json among them
/// since it may name the split, or those beside one file and the file itself.
inline std::uint64_t tokenizer_files_hash(const std::filesystem::path& place) {
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

/// A hash of what the ids of a text depend on: the bytes of its files as they are stored, so that a
/// second run need not decompress them, the tokenizer's files and how both are used. The number in
/// front changes when the same files give other ids.
inline std::uint64_t ids_key(const text_inputs& text, const std::filesystem::path& model_directory,
                             const text::tokenizer& tokenizer, const text_options& options) {
  const std::uint64_t numbers[] = {
      2, tokenizer_files_hash(model_directory), tokenizer.fingerprint(),
      static_cast<std::uint64_t>(options.hold_out), options.marks_answers ? 1u : 0u};
  stream_hash hash;
  hash.update(numbers, sizeof(numbers));
  text.for_each([&](const data::text_file& file) {
    const std::uint64_t of_file[] = {static_cast<std::uint64_t>(file.kind()), file.stored().size()};
    hash.update(of_file, sizeof(of_file)).update(file.stored());
  });
  return hash.value();
}

inline std::size_t stored_size(const text_inputs& text) {
  std::size_t size = 0;
  text.for_each([&](const data::text_file& file) { size += file.stored().size(); });
  return size;
}

}  // namespace detail

/// Ids of a document on its way into training: with what the tokenizer puts around a text or, when
/// that is nothing, with its end token behind; those of a conversation are its text's alone. Tokens
/// outside answers, where these are marked, are data::left_out.
inline std::vector<std::int32_t> training_ids(const text::tokenizer& tokenizer,
                                              const document& document) {
  return detail::training_encoder(tokenizer)(document);
}

/// Ids of a document to be scored from its beginning: the first `context` of what the tokenizer
/// makes of it, behind the prefix where there is one; a conversation that begins with the prefix
/// has it once.
inline std::vector<std::int32_t> scoring_ids(const text::tokenizer& tokenizer,
                                             std::optional<std::int32_t> prefix,
                                             const document& document, std::int64_t context) {
  std::vector<std::int32_t> ids =
      document.is_chat ? tokenizer.encode(document.text) : tokenizer.encode_document(document.text);
  const bool has_prefix = document.is_chat && !ids.empty() && ids.front() == prefix;
  if (prefix && !has_prefix) ids.insert(ids.begin(), *prefix);
  ids.resize(std::min(ids.size(), static_cast<std::size_t>(context)));
  return ids;
}

/// Ids of documents, each as training_ids has it, on so many threads. `name` is what errors call
/// the text.
inline data::token_stream training_stream(const text::tokenizer& tokenizer,
                                          const std::vector<document>& documents, int threads,
                                          const std::string& name, const observer& events = {}) {
  std::size_t bytes = 0;
  for (const document& each : documents) bytes += each.size();
  std::function<void(std::size_t)> progress;
  if (events.on_reading) progress = events.on_reading(bytes);
  const auto report = [&](std::size_t done) {
    if (progress) progress(done);
  };
  try {
    return data::token_stream::from_documents(documents, detail::training_encoder(tokenizer),
                                              threads, report);
  } catch (const error& problem) {
    // The tokenizer does not know where the text came from.
    fail(name, ": ", problem.what());
  }
}

namespace detail {

/// Documents of a text: as ids those that are not held out, from where an earlier run has kept them
/// if it has.
inline training_text encoded_text(const text_inputs& text,
                                  const std::filesystem::path& model_directory,
                                  const text::tokenizer& tokenizer, const text_options& options,
                                  int threads, const observer& events) {
  const bool is_kept = stored_size(text) >= least_kept_text;
  const data::token_cache cache(text.paths().front(),
                                is_kept ? ids_key(text, model_directory, tokenizer, options) : 0,
                                text.paths().size() - 1);
  std::vector<std::string> problems;
  std::optional<data::token_stream> stream;
  if (is_kept) stream = cache.find(problems);
  for (const std::string& problem : problems) events.tell("radlads: ", problem, "; made again");
  const bool needs_text = !stream || options.hold_out != 0;
  auto [documents, held_out] = split_held_out(
      needs_text ? make_documents(text.rows(), model_directory, options.marks_answers)
                 : std::vector<document>(),
      options.hold_out);
  if (!stream) {
    stream = training_stream(tokenizer, documents, threads, text.name(), events);
    problems.clear();
    const bool is_lost = is_kept && !cache.keep(*stream, problems);
    if (is_lost)
      events.tell("radlads: the ids are not kept: ",
                  problems.empty() ? "there is no folder for them" : problems.back());
  }
  return {*std::move(stream), std::move(held_out), 0, tokenizer.fingerprint()};
}

inline training_text read_text(const text_inputs& text,
                               const std::filesystem::path& model_directory,
                               const models::config& model, const text_options& options,
                               int threads, const observer& events) {
  if (text.holds_ids()) {
    require(!options.marks_answers, text.name(),
            ": holds token ids, and --loss-on assistant needs conversations, .jsonl with messages");
    require(options.hold_out == 0, "--hold-out needs a .txt or .jsonl file; ", text.name(),
            " is a token file");
    const auto no_text = [](std::string_view) { return std::vector<std::int32_t>(); };
    training_text result{data::read_tokens(text.paths().front(), no_text, threads), {}, 0, 0};
    result.hash = check_ids(result.stream, model.vocabulary, text.name());
    return result;
  }
  const text::tokenizer tokenizer = load_tokenizer(model_directory, model);
  training_text result = encoded_text(text, model_directory, tokenizer, options, threads, events);
  require(result.stream.size() > 0, text.name(), ": holds no tokens");
  result.hash = check_ids(result.stream, model.vocabulary, text.name(), options.marks_answers);
  return result;
}

}  // namespace detail

/// Reads texts with the tokenizer of `model_directory`, or ids (.bin, .idx). The ids of texts that
/// are not small are kept (data/token_cache.hpp) and taken from there again. Throws when an id is
/// none of the model's.
template <class Model, class Ranks>
training_text read_training_text(const run_context<Model, Ranks>& run, const text_inputs& text,
                                 const std::filesystem::path& model_directory,
                                 const models::config& model, const text_options& options = {}) {
  require(run.ranks.size() == 1 || !text.has_standard_input(),
          "--text - is one process's standard input; ", run.ranks.size(),
          " ranks all read the text, so give a file");
  // The others then find the ids that rank 0 has kept.
  return run.ranks.first_before_others([&] {
    return detail::read_text(text, model_directory, model, options, run.threads, run.events);
  });
}

}  // namespace radlads::convert
