// SPDX-License-Identifier: Apache-2.0
#pragma once
// Texts that a model writes behind prompts.

#include "generating.hpp"
#include "generation_tests.hpp"
#include "radlads/core/error.hpp"
#include "radlads/evaluate/generation.hpp"
#include "radlads/text/encoder.hpp"
#include "task_progress.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::program {

/// Writes texts behind prompts, each from its beginning.
class prompt_writer {
 public:
  using ids = std::vector<std::int32_t>;

  explicit prompt_writer(const generation_subject& s)
      : s_(s), encoder_(s.tokenizer), ends_(end_ids(s.model.config, s.tokenizer)) {}

  /// The last ids of a prompt, so that `more` fit behind them.
  ids prompt_ids(std::string_view prompt, std::int64_t more) {
    require(more < s_.context, more, " tokens behind a prompt do not fit a context of ",
            s_.context);
    ids all = s_.tokenizer.post_processor().prefix();
    const ids text = encoder_.encode(prompt);
    all.insert(all.end(), text.begin(), text.end());
    require(!all.empty(), "a prompt is empty, and the tokenizer puts no token in front of a text");
    const auto room = static_cast<std::size_t>(s_.context - more);
    if (all.size() > room) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(room));
    return all;
  }

  ids write(const ids& prompt, evaluate::continuation_rule rule) {
    rule.ends = ends_;
    return evaluate::continue_ids(*make_generator(s_.b, s_.model), prompt, rule);
  }

  std::string answer(std::string_view prompt, const evaluate::generation_rule& how) {
    const evaluate::continuation_rule rule{.max_tokens = how.max_tokens, .ends = ends_};
    return evaluate::continue_text(*make_generator(s_.b, s_.model), s_.tokenizer,
                                   prompt_ids(prompt, how.max_tokens), rule, how.until);
  }

  text::encoder& encoder() { return encoder_; }

 private:
  const generation_subject& s_;
  text::encoder encoder_;
  ids ends_;
};

/// What the model answers to documents of a set, in order.
inline std::vector<std::string> answers_to(prompt_writer& w, const std::string& name,
                                           const evaluate::task& kind,
                                           std::span<const evaluate::document> asked) {
  task_progress progress(name, asked.size());
  std::vector<std::string> answers;
  for (const evaluate::document& d : asked) {
    answers.push_back(w.answer(d.options[0].context, kind.generation));
    progress(answers.size());
  }
  return answers;
}

}  // namespace radlads::program
