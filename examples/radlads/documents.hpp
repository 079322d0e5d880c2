// SPDX-License-Identifier: Apache-2.0
#pragma once
// Texts as the program feeds them to models: one flat stream for training, single documents for
// scores.

#include "chat_documents.hpp"
#include "radlads/core/error.hpp"
#include "radlads/data/token_stream.hpp"
#include "radlads/models/config.hpp"
#include "radlads/text/tokenizer.hpp"
#include "texts.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::program {

/// Ids of a document on its way into training: with what the tokenizer puts around a text or, when
/// that is nothing, with its end token behind; those of a conversation are its text's alone. Tokens
/// outside answers, where these are marked, are data::left_out.
std::vector<std::int32_t> training_ids(const text::tokenizer& tokenizer, const document& document);

/// Ids of a document to be scored from its beginning: the first `context` of what the tokenizer
/// makes of it, behind the prefix (see scoring_prefix) where there is one; a conversation that
/// begins with the prefix has it once.
std::vector<std::int32_t> scoring_ids(const text::tokenizer& tokenizer,
                                      std::optional<std::int32_t> prefix, const document& document,
                                      std::int64_t context);

/// Ids of documents, each as training_ids has it, on so many threads; tells how far it is. `name`
/// is what errors call the text.
data::token_stream training_stream(const text::tokenizer& tokenizer,
                                   const std::vector<document>& documents, int threads,
                                   const std::string& name);

/// Text for training, and the documents of it that are kept for scores.
struct training_text {
  data::token_stream stream;
  std::vector<document> held_out;
  std::uint64_t hash = 0;       ///< of all ids of the stream
  std::uint64_t tokenizer = 0;  ///< its fingerprint; 0 when the text came as ids
};

/// Reads texts with the tokenizer of `model_directory`, or ids (.bin, .idx). The ids of texts that
/// are not small are kept (data/token_cache.hpp) and taken from there again. Every
/// `hold_out`-th document is left out of the stream unless that is 0. With `marks_answers` all
/// texts are conversations, and what is not an answer is data::left_out. Throws when an id is none
/// of the model's.
training_text read_training_text(const text_inputs& text,
                                 const std::filesystem::path& model_directory,
                                 const models::config& model, std::int64_t hold_out, int threads,
                                 bool marks_answers = false);

}  // namespace radlads::program
