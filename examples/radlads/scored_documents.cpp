// SPDX-License-Identifier: Apache-2.0
#include "begin_token.hpp"
#include "radlads/core/error.hpp"
#include "scored_documents.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace radlads::program {

std::optional<text_inputs> texts_to_score(const std::vector<std::string>& names,
                                          const text_inputs& trained) {
  if (names.empty()) return std::nullopt;
  text_inputs scored(names);
  require(!scored.has_standard_input() || !trained.has_standard_input(),
          "--text and --eval-text both read standard input, which can be read once");
  require(!scored.holds_ids(), scored.name(),
          ": holds token ids, not text; expected .txt or .jsonl");
  return scored;
}

std::vector<std::vector<std::int32_t>> documents_to_score(const std::filesystem::path& directory,
                                                          const models::config& teacher,
                                                          const training_text& text,
                                                          const std::optional<text_inputs>& scored,
                                                          std::int64_t context) {
  std::vector<std::vector<std::int32_t>> ids;
  if (!scored && text.held_out.empty()) return ids;
  const text::tokenizer tokenizer = load_tokenizer(directory, teacher);
  const std::optional<std::int32_t> prefix = scoring_prefix(tokenizer, teacher);
  const auto add = [&](const document& document) {
    ids.push_back(ids_to_score(tokenizer, prefix, document, context));
  };
  std::for_each(text.held_out.begin(), text.held_out.end(), add);
  if (!scored) return ids;
  const std::vector<document> documents = make_documents(scored->rows(), directory, false);
  std::for_each(documents.begin(), documents.end(), add);
  return ids;
}

}  // namespace radlads::program
