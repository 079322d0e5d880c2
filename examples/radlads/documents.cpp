// SPDX-License-Identifier: Apache-2.0
#include "documents.hpp"
#include "watching.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace radlads::convert {
template training_text read_training_text(const program::run_context&, const text_inputs&,
                                          const std::filesystem::path&, const models::config&,
                                          const text_options&);
}  // namespace radlads::convert

namespace radlads::program {

std::vector<std::int32_t> ids_to_score(const text::tokenizer& tokenizer,
                                       std::optional<std::int32_t> prefix, const document& document,
                                       std::int64_t context) {
  return convert::scoring_ids(tokenizer, prefix, document, context);
}

data::token_stream encoded_stream(const text::tokenizer& tokenizer,
                                  const std::vector<document>& documents, int threads,
                                  const std::string& name) {
  return convert::training_stream(tokenizer, documents, threads, name, watching());
}

}  // namespace radlads::program
