// SPDX-License-Identifier: Apache-2.0
#pragma once
// Documents as models read them: texts as they are, conversations in the form of the model's chat
// template.

#include "radlads/core/error.hpp"
#include "radlads/data/corpus.hpp"
#include "radlads/text/answers.hpp"
#include "radlads/text/chat_template_files.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace radlads::convert {

/// One text, or one conversation in the form of its template.
struct document {
  std::string text;
  bool is_chat = false;                  ///< the template has put the special tokens into the text
  std::vector<text::text_span> answers;  ///< bytes that are answers, where these are asked for

  std::size_t size() const { return text.size(); }
};

/// Makes documents of rows with the chat template of a model or a tokenizer's folder, which is read
/// when the first conversation comes.
class document_maker {
 public:
  /// With `finds_answers` every row must be a conversation with an answer.
  document_maker(std::filesystem::path model, bool finds_answers)
      : model_(std::move(model)), finds_answers_(finds_answers) {}

  /// Throws, naming the row's place, when the template refuses it and, where answers are asked for,
  /// when it has none.
  document operator()(data::text_row&& row) {
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

 private:
  std::filesystem::path model_;
  bool finds_answers_;
  std::optional<text::model_chat> chat_;
};

/// Documents of rows, in order.
inline std::vector<document> make_documents(std::vector<data::text_row> rows,
                                            const std::filesystem::path& model,
                                            bool finds_answers) {
  document_maker make(model, finds_answers);
  std::vector<document> documents;
  for (data::text_row& row : rows) documents.push_back(make(std::move(row)));
  return documents;
}

}  // namespace radlads::convert
