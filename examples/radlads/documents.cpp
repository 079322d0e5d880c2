// SPDX-License-Identifier: Apache-2.0
#include "documents.hpp"
#include "loading.hpp"
#include "radlads/data/corpus.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
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

}  // namespace

std::vector<std::int32_t> training_ids(const text::tokenizer& tokenizer,
                                       std::string_view document) {
  std::vector<std::int32_t> ids = tokenizer.encode_document(document);
  const text::post_processor& around = tokenizer.post_processor();
  const bool is_separated = !around.prefix().empty() || !around.suffix().empty();
  if (!is_separated && tokenizer.eos_id()) ids.push_back(*tokenizer.eos_id());
  return ids;
}

std::vector<std::int32_t> scoring_ids(const text::tokenizer& tokenizer,
                                      std::optional<std::int32_t> prefix, std::string_view document,
                                      std::int64_t context) {
  std::vector<std::int32_t> ids = tokenizer.encode_document(document);
  if (prefix) ids.insert(ids.begin(), *prefix);
  ids.resize(std::min(ids.size(), static_cast<std::size_t>(context)));
  return ids;
}

training_text read_training_text(const std::filesystem::path& text,
                                 const std::filesystem::path& model_directory,
                                 const models::config& model, std::int64_t hold_out, int threads) {
  if (data::kind_of_text(text) == data::text_kind::token_ids) {
    require(hold_out == 0, "--hold-out needs a .txt or .jsonl file, ", text.string(), " is none");
    const auto no_text = [](std::string_view) { return std::vector<std::int32_t>(); };
    training_text result{data::read_tokens(text, no_text, threads), {}, 0, 0};
    result.hash = check_ids(result.stream, model.vocabulary, text);
    return result;
  }
  auto [documents, held_out] = split_held_out(data::read_documents(text), hold_out);
  const text::tokenizer tokenizer = load_tokenizer(model_directory, model);
  const auto encode = [&](std::string_view document) { return training_ids(tokenizer, document); };
  training_text result{data::token_stream::from_documents(documents, encode, threads),
                       std::move(held_out), 0, tokenizer.fingerprint()};
  require(result.stream.size() > 0, text.string(), ": holds no tokens");
  result.hash = check_ids(result.stream, model.vocabulary, text);
  return result;
}

}  // namespace radlads::program
