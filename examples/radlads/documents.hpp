// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where text becomes ids. Compiled apart from the commands, because it is to be optimised.

#include "loading.hpp"
#include "radlads/convert/training_text.hpp"
#include "ranks.hpp"
#include "texts.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace radlads::program {

using convert::document;
using convert::make_documents;
using convert::training_text;

/// convert::scoring_ids.
std::vector<std::int32_t> ids_to_score(const text::tokenizer& tokenizer,
                                       std::optional<std::int32_t> prefix, const document& document,
                                       std::int64_t context);

/// convert::training_stream; tells how far it is.
data::token_stream encoded_stream(const text::tokenizer& tokenizer,
                                  const std::vector<document>& documents, int threads,
                                  const std::string& name);

}  // namespace radlads::program

namespace radlads::convert {
extern template training_text read_training_text(const program::run_context&, const text_inputs&,
                                                 const std::filesystem::path&,
                                                 const models::config&, const text_options&);
}  // namespace radlads::convert
