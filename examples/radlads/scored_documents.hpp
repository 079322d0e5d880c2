// SPDX-License-Identifier: Apache-2.0
#pragma once
// The documents of convert's table of scores: those held out, and those of --eval-text.

#include "documents.hpp"
#include "radlads/models/config.hpp"
#include "texts.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace radlads::program {

/// The files of --eval-text, if it is given.
std::optional<text_inputs> texts_to_score(const std::vector<std::string>& names,
                                          const text_inputs& trained);

/// Ids of every document, the first `context` of them, by the teacher's tokenizer.
std::vector<std::vector<std::int32_t>> documents_to_score(const std::filesystem::path& directory,
                                                          const models::config& teacher,
                                                          const training_text& text,
                                                          const std::optional<text_inputs>& scored,
                                                          std::int64_t context);

}  // namespace radlads::program
