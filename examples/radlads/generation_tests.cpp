// SPDX-License-Identifier: Apache-2.0
#include "generation_tests.hpp"
#include "prompt_writer.hpp"
#include "radlads/core/error.hpp"
#include "radlads/evaluate/answers.hpp"
#include "radlads/evaluate/generation.hpp"
#include "radlads/evaluate/metrics.hpp"
#include "radlads/evaluate/needle.hpp"
#include "radlads/evaluate/prompts.hpp"
#include "task_progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace radlads::program {
namespace {

using evaluate::continuation_rule;
using evaluate::task_result;
using ids = std::vector<std::int32_t>;

std::size_t count_of(std::int64_t limit, std::size_t usual) {
  return limit > 0 ? std::min(static_cast<std::size_t>(limit), usual) : usual;
}

/// A number behind the needle's sentence; what follows it does not count.
evaluate::task needle_task() {
  evaluate::task kind;
  kind.name = "needle";
  kind.form = evaluate::task_form::generation;
  kind.metrics = {"prefix_match"};
  kind.version = "";
  kind.generation = {{"\n"}, 12};
  return kind;
}

std::vector<std::int64_t> needle_lengths(const generation_options& o, std::int64_t most) {
  std::vector<std::int64_t> lengths = o.lengths;
  for (const std::int64_t each : lengths) {
    require(each >= 1, "--lengths: ", each, " is no number of tokens");
    require(each <= most, "--lengths: a text of ", each,
            " tokens and its answer do not fit the context; at most ", most, " do");
  }
  if (!lengths.empty()) return lengths;
  for (const std::int64_t each : {256, 512, 1024}) {
    if (each <= most) lengths.push_back(each);
  }
  require(!lengths.empty(), "needle: the context has no room for 256 tokens; give --lengths");
  return lengths;
}

std::vector<task_result> run_needle(const generation_subject& s, const generation_options& o,
                                    std::int64_t limit) {
  const evaluate::task kind = needle_task();
  prompt_writer w(s);
  const auto begin = static_cast<std::int64_t>(s.tokenizer.post_processor().prefix().size());
  const auto count = [&](const std::string& text) {
    return static_cast<std::int64_t>(w.encoder().encode(text).size()) + begin;
  };
  std::vector<evaluate::document> all;
  std::vector<std::string> all_answers;
  std::vector<task_result> results;
  for (const std::int64_t length : needle_lengths(o, s.context - kind.generation.max_tokens)) {
    const std::string name = fmt::format("needle_{}", length);
    std::vector<evaluate::document> asked(limit > 0 ? static_cast<std::size_t>(limit) : 10);
    for (std::size_t i = 0; i < asked.size(); ++i)
      asked[i].options.push_back(evaluate::make_needle(o.seed, i, length, count));
    const std::vector<std::string> answers = answers_to(w, name, kind, asked);
    results.push_back(evaluate::answer_result(name, kind, asked, answers));
    all.insert(all.end(), asked.begin(), asked.end());
    all_answers.insert(all_answers.end(), answers.begin(), answers.end());
  }
  results.insert(results.begin(), evaluate::answer_result("needle", kind, all, all_answers));
  return results;
}

task_result result_of(std::string name, std::size_t asked) {
  return {std::move(name), "", static_cast<std::int64_t>(asked), {}, 0};
}

std::vector<task_result> run_repetition(const generation_subject& s, const generation_options& o,
                                        std::int64_t limit) {
  prompt_writer w(s);
  const std::size_t count = count_of(limit, evaluate::prompts.size());
  std::vector<double> greedy, sampled;
  task_progress progress("repetition", 2 * count);
  for (std::size_t i = 0; i < count; ++i) {
    const ids prompt = w.prompt_ids(evaluate::prompts[i], o.new_tokens);
    continuation_rule rule{.max_tokens = o.new_tokens};
    greedy.push_back(evaluate::repeated_share(w.write(prompt, rule)));
    progress(2 * i + 1);
    rule.sampling.temperature = 1;
    rule.numbers = {o.seed, i};
    sampled.push_back(evaluate::repeated_share(w.write(prompt, rule)));
    progress(2 * i + 2);
  }
  task_result result = result_of("repetition", count);
  result.metrics.push_back(evaluate::mean_metric("repeated_4grams_greedy", greedy));
  result.metrics.push_back(evaluate::mean_metric("repeated_4grams_sampled", sampled));
  return {result};
}

std::vector<task_result> run_divergence(const generation_subject& s, const model_type* teacher,
                                        const generation_options& o, std::int64_t limit) {
  require(teacher != nullptr, "divergence compares a student with its teacher: give --teacher");
  const generation_subject of_teacher{s.b, *teacher, s.tokenizer, s.context};
  prompt_writer w(of_teacher);
  const std::size_t count = count_of(limit, evaluate::prompts.size());
  std::vector<double> lengths, is_same;
  task_progress progress("divergence", count);
  for (std::size_t i = 0; i < count; ++i) {
    const ids prompt = w.prompt_ids(evaluate::prompts[i], o.new_tokens);
    const ids text = w.write(prompt, {.max_tokens = o.new_tokens});
    const std::int64_t same =
        evaluate::ids_until_divergence(*make_generator(s.b, s.model), prompt, text);
    lengths.push_back(static_cast<double>(same));
    is_same.push_back(same == static_cast<std::int64_t>(text.size()) ? 1 : 0);
    progress(i + 1);
  }
  task_result result = result_of("divergence", count);
  result.metrics.push_back(evaluate::mean_metric("tokens_until_divergence", lengths));
  result.metrics.push_back(evaluate::mean_metric("never_diverged", is_same));
  return {result};
}

}  // namespace

bool is_generation_test(std::string_view name) {
  return std::find(generation_tests.begin(), generation_tests.end(), name) !=
         generation_tests.end();
}

std::vector<task_result> run_generation_test(const generation_subject& subject,
                                             const model_type* teacher, const std::string& name,
                                             const generation_options& options,
                                             std::int64_t limit) {
  if (name == "needle") return run_needle(subject, options, limit);
  if (name == "repetition") return run_repetition(subject, options, limit);
  return run_divergence(subject, teacher, options, limit);
}

}  // namespace radlads::program
