// SPDX-License-Identifier: Apache-2.0
#pragma once
// Texts as the program feeds them to models: one flat stream for training, single documents for
// scores.

#include "radlads/core/error.hpp"
#include "radlads/data/token_stream.hpp"
#include "radlads/models/config.hpp"
#include "radlads/text/tokenizer.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::program {

/// Ids of a document on its way into training: with what the tokenizer puts around a text or, when
/// that is nothing, with its end token behind.
std::vector<std::int32_t> training_ids(const text::tokenizer& tokenizer, std::string_view document);

/// Ids of a document to be scored from its beginning: the first `context` of what the tokenizer
/// makes of it, behind the prefix (see scoring_prefix) where there is one.
std::vector<std::int32_t> scoring_ids(const text::tokenizer& tokenizer,
                                      std::optional<std::int32_t> prefix, std::string_view document,
                                      std::int64_t context);

/// Ids of documents, each as training_ids has it, on so many threads; tells how far it is. `path`
/// is what errors name.
data::token_stream training_stream(const text::tokenizer& tokenizer,
                                   const std::vector<std::string>& documents, int threads,
                                   const std::filesystem::path& path);

/// Text for training, and the documents of it that are kept for scores.
struct training_text {
  data::token_stream stream;
  std::vector<std::string> held_out;
  std::uint64_t hash = 0;       ///< of all ids of the stream
  std::uint64_t tokenizer = 0;  ///< its fingerprint; 0 when the text came as ids
};

/// Reads text (.txt, .jsonl) with the tokenizer of `model_directory`, or ids (.bin, .idx). The ids
/// of a text that is not small are kept (data/token_cache.hpp) and taken from there again. Every
/// `hold_out`-th document is left out of the stream unless that is 0. Throws when an id is none of
/// the model's.
training_text read_training_text(const std::filesystem::path& text,
                                 const std::filesystem::path& model_directory,
                                 const models::config& model, std::int64_t hold_out, int threads);

}  // namespace radlads::program
