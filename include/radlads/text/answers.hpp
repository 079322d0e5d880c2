// SPDX-License-Identifier: Apache-2.0
#pragma once
// Conversations as texts to train on, and which tokens of them are answers: the text of a
// conversation up to an answer, with the prompt for it, and the text up to its end are beginnings
// of the whole, and the answer is what lies between.

#include "radlads/core/error.hpp"
#include "radlads/text/chat_template.hpp"
#include "radlads/text/chat_template_files.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::text {

/// From `begin` to before `end`: bytes of a text, or tokens.
struct text_span {
  std::size_t begin = 0, end = 0;
};

struct conversation_text {
  std::string text;
  std::vector<text_span> answers;  ///< bytes, in order
};

/// The date that templates see in training: 26 July 2024, which Llama 3.1's has for its own. A date
/// of today would give other tokens tomorrow.
inline std::tm training_date() {
  std::tm date{};
  date.tm_year = 2024 - 1900;
  date.tm_mon = 6;
  date.tm_mday = 26;
  date.tm_wday = 5;
  date.tm_yday = 207;
  return date;
}

/// The text of a conversation. Throws, naming `where`, when the template refuses it.
inline std::string conversation_text_of(const model_chat& chat,
                                        const std::vector<chat_message>& messages,
                                        bool adds_generation_prompt, const std::string& where) {
  try {
    return chat.form.render(
        chat_environment(messages, adds_generation_prompt, chat.special_tokens, training_date()));
  } catch (const error& problem) {
    fail(where, ": ", problem.what());
  }
}

/// The text of a conversation and where the assistant's answers are in it. Throws, naming `where`,
/// when there are none, when one is empty, and when the template's text of the first messages is no
/// beginning of the whole.
inline conversation_text mark_answers(const model_chat& chat,
                                      const std::vector<chat_message>& messages,
                                      const std::string& where) {
  conversation_text result{conversation_text_of(chat, messages, false, where), {}};
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (messages[i].role != "assistant") continue;
    require(messages[i].content.find_first_not_of(" \t\r\n") != std::string::npos, where,
            ": message ", i + 1, " is an answer without text");
    const auto first = messages.begin(), at = first + static_cast<std::ptrdiff_t>(i);
    const std::string before = conversation_text_of(chat, {first, at}, true, where);
    const std::string with = conversation_text_of(chat, {first, at + 1}, false, where);
    const bool is_between = result.text.starts_with(with) && with.starts_with(before);
    require(
        is_between && with.size() > before.size(), where,
        ": the chat template's text of the first ", i + 1,
        " messages is no beginning of the whole conversation's, so that it cannot be told where "
        "the answer is");
    result.answers.push_back({before.size(), with.size()});
  }
  require(!result.answers.empty(), where, ": the conversation has no message of the assistant");
  return result;
}

/// Which of the ids of a conversation's text are answers. `encode` maps a text to ids. A token that
/// lies across the beginning of an answer is of the answer, one across its end is not.
template <class Encode>
std::vector<text_span> answer_tokens(const conversation_text& conversation,
                                     const std::vector<std::int32_t>& ids, Encode&& encode) {
  const auto tokens_of = [&](std::size_t bytes) {
    if (bytes == conversation.text.size()) return ids.size();
    const std::vector<std::int32_t> own =
        encode(std::string_view(conversation.text).substr(0, bytes));
    const auto same = std::mismatch(own.begin(), own.end(), ids.begin(), ids.end());
    return static_cast<std::size_t>(same.second - ids.begin());
  };
  std::vector<text_span> result;
  for (const text_span& answer : conversation.answers) {
    result.push_back({tokens_of(answer.begin), tokens_of(answer.end)});
  }
  return result;
}

}  // namespace radlads::text
