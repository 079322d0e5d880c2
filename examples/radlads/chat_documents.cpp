// SPDX-License-Identifier: Apache-2.0
#include "chat_documents.hpp"
#include "radlads/core/error.hpp"

#include <string>
#include <utility>
#include <vector>

namespace radlads::program {

document document_maker::operator()(data::text_row&& row) {
  require(
      !finds_answers_ || !row.messages.empty(), row.place,
      ": is no conversation (\"messages\"), and --loss-on assistant has a loss on answers alone");
  if (row.messages.empty()) return {std::move(row.text), false, {}};
  if (!chat_) chat_ = text::read_chat_template(model_);
  std::vector<text::chat_message> messages;
  for (data::chat_turn& turn : row.messages) {
    messages.push_back({std::move(turn.role), std::move(turn.content)});
  }
  if (!finds_answers_) {
    return {text::conversation_text_of(*chat_, messages, false, row.place), true, {}};
  }
  text::conversation_text marked = text::mark_answers(*chat_, messages, row.place);
  return {std::move(marked.text), true, std::move(marked.answers)};
}

std::vector<document> make_documents(std::vector<data::text_row> rows,
                                     const std::filesystem::path& model, bool finds_answers) {
  document_maker make(model, finds_answers);
  std::vector<document> documents;
  for (data::text_row& row : rows) documents.push_back(make(std::move(row)));
  return documents;
}

}  // namespace radlads::program
