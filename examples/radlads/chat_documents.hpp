// SPDX-License-Identifier: Apache-2.0
#pragma once
// Documents as models read them: texts as they are, conversations in the form of the model's chat
// template.

#include "radlads/data/corpus.hpp"
#include "radlads/text/answers.hpp"
#include "radlads/text/chat_template_files.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace radlads::program {

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
  document operator()(data::text_row&& row);

 private:
  std::filesystem::path model_;
  bool finds_answers_;
  std::optional<text::model_chat> chat_;
};

/// Documents of rows, in order.
std::vector<document> make_documents(std::vector<data::text_row> rows,
                                     const std::filesystem::path& model, bool finds_answers);

}  // namespace radlads::program
