// SPDX-License-Identifier: Apache-2.0
#pragma once
// A conversation as the text that a model was trained on: the chat template of its tokenizer, in a
// subset of Jinja with the settings of transformers.

#include "radlads/core/error.hpp"
#include "radlads/text/jinja/evaluate.hpp"
#include "radlads/text/jinja/parser.hpp"
#include "radlads/text/jinja/value.hpp"

#include <ctime>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text {

struct chat_message {
  std::string role, content;
};

class chat_template {
 public:
  /// `name` is what errors call it: a file. Throws, with the line, when the source does not parse.
  explicit chat_template(std::string_view source, std::string name = "chat template")
      : name_(std::move(name)) {
    named([&] { statements_ = jinja::parser::parse(source); });
  }

  /// The text of a conversation; `outside` has messages and whatever else the template asks for.
  /// Throws, with the line, where the template refuses the conversation or goes beyond its bounds.
  std::string render(const jinja::environment& outside) const {
    std::string out;
    named([&] { out = jinja::evaluator::render(statements_, outside); });
    return out;
  }

 private:
  template <class F>
  void named(F&& f) const {
    try {
      f();
    } catch (const error& problem) {
      fail(name_, ": ", problem.what());
    }
  }

  std::string name_;
  jinja::body statements_;
};

/// What transformers hands to a template: messages, whether the model speaks next, and the
/// special tokens of the tokenizer, such as bos_token.
inline jinja::environment chat_environment(
    const std::vector<chat_message>& messages, bool adds_generation_prompt,
    const std::vector<std::pair<std::string, std::string>>& special_tokens, const std::tm& now) {
  jinja::list list;
  for (const chat_message& each : messages)
    list.push_back(jinja::dictionary{{"role", each.role}, {"content", each.content}});
  jinja::environment outside;
  outside.now = now;
  outside.globals = {{"messages", std::move(list)},
                     {"tools", jinja::none{}},
                     {"documents", jinja::none{}},
                     {"add_generation_prompt", adds_generation_prompt}};
  for (const auto& [key, token] : special_tokens) outside.globals.emplace_back(key, token);
  return outside;
}

}  // namespace radlads::text
