// SPDX-License-Identifier: Apache-2.0
#pragma once
// Evaluation sets by name, with the fields of their originals and the texts of lm-eval 0.4.13; and
// two general forms.

#include "radlads/core/error.hpp"
#include "radlads/evaluate/document.hpp"
#include "radlads/evaluate/strings.hpp"
#include "radlads/evaluate/task.hpp"
#include "radlads/files/json.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::evaluate {

namespace detail {

using files::json;

inline std::string text_of(const json& row, const char* key, const std::string& where) {
  return files::json_get<std::string>(row, key, where);
}

/// Options that share a context: a choice behind a space each. Lengths are those of the choices
/// alone.
inline document choices_behind(const std::string& context, const std::vector<std::string>& choices,
                               std::size_t gold) {
  document d;
  d.gold = gold;
  for (const std::string& choice : choices) {
    d.options.push_back({context, " " + choice});
    d.lengths.push_back(character_count(choice));
  }
  return d;
}

/// A number that some sets spell as text, 1 or "1", or as true and false.
inline std::int64_t label_of(const json& row, const char* key, const std::string& where) {
  require(row.is_object(), where, ": expected an object with key \"", key, "\", found ",
          files::json_quote(row));
  const auto found = row.find(key);
  if (found == row.end()) return files::json_get<std::int64_t>(row, key, where);
  if (found->is_boolean()) return found->get<bool>() ? 1 : 0;
  if (!found->is_string()) return files::json_get<std::int64_t>(row, key, where);
  const std::string text = found->get<std::string>();
  require(text.size() == 1 && text[0] >= '0' && text[0] <= '9', where, ": \"", key, "\" is ",
          files::json_quote(*found), ", expected a number");
  return text[0] - '0';
}

/// The right one of so many choices, counted from 0.
inline std::size_t gold_of(const json& row, const char* key, std::size_t choices,
                           const std::string& where) {
  require(choices > 0, where, ": there are no choices");
  const std::int64_t label = label_of(row, key, where);
  require(label >= 0 && static_cast<std::size_t>(label) < choices, where, ": \"", key, "\" is ",
          label, ", expected a choice from 0 to ", choices - 1);
  return static_cast<std::size_t>(label);
}

/// ARC and OpenBookQA: {"text": [...], "label": [...]} and the right label.
inline document labelled_choices(const json& row, const std::string& context,
                                 std::string_view answer, const std::string& where) {
  const auto choices = files::json_get<json>(row, "choices", where);
  const auto texts = files::json_get<std::vector<std::string>>(choices, "text", where);
  const auto labels = files::json_get<std::vector<std::string>>(choices, "label", where);
  require(texts.size() == labels.size(), where, ": ", texts.size(), " choices have ", labels.size(),
          " labels");
  const auto found = std::find(labels.begin(), labels.end(), answer);
  require(found != labels.end(), where, ": \"answerKey\" is ",
          files::json_quote(json(std::string(answer))), ", which is the label of no choice");
  return choices_behind(context, texts, static_cast<std::size_t>(found - labels.begin()));
}

inline document make_lambada(const json& row, const std::string& where) {
  const std::string text = text_of(row, "text", where);
  const std::size_t space = text.rfind(' ');
  document d;
  if (space == std::string::npos) {
    d.options.push_back({"", " " + text});
  } else {
    d.options.push_back({text.substr(0, space), text.substr(space)});
  }
  return d;
}

inline document make_piqa(const json& row, const std::string& where) {
  return choices_behind("Question: " + text_of(row, "goal", where) + "\nAnswer:",
                        {text_of(row, "sol1", where), text_of(row, "sol2", where)},
                        gold_of(row, "label", 2, where));
}

inline document make_arc(const json& row, const std::string& where) {
  return labelled_choices(row, "Question: " + text_of(row, "question", where) + "\nAnswer:",
                          text_of(row, "answerKey", where), where);
}

inline document make_openbookqa(const json& row, const std::string& where) {
  return labelled_choices(row, text_of(row, "question_stem", where),
                          strip_front(text_of(row, "answerKey", where)), where);
}

/// Two beginnings, one end: the sentence up to its blank with either filling, then the rest.
inline document make_winogrande(const json& row, const std::string& where) {
  const std::string sentence = text_of(row, "sentence", where);
  const std::size_t blank = sentence.find('_');
  require(blank != std::string::npos, where, ": \"sentence\" has no _");
  const std::int64_t answer = label_of(row, "answer", where);
  require(answer == 1 || answer == 2, where, ": \"answer\" is ", answer, ", expected 1 or 2");
  const std::string rest = " " + std::string(strip(std::string_view(sentence).substr(blank + 1)));
  document d;
  d.gold = static_cast<std::size_t>(answer - 1);
  for (const char* key : {"option1", "option2"}) {
    d.options.push_back({sentence.substr(0, blank) + text_of(row, key, where), rest});
  }
  return d;
}

inline std::string hellaswag_text(std::string_view text) {
  return replaced(without_brackets(replaced(strip(text), " [title]", ". ")), "  ", " ");
}

inline document make_hellaswag(const json& row, const std::string& where) {
  const std::string context = text_of(row, "activity_label", where) + ": " +
                              text_of(row, "ctx_a", where) + " " +
                              capitalized(text_of(row, "ctx_b", where));
  std::vector<std::string> endings;
  for (const auto& ending : files::json_get<std::vector<std::string>>(row, "endings", where)) {
    endings.push_back(hellaswag_text(ending));
  }
  return choices_behind(hellaswag_text(context), endings,
                        gold_of(row, "label", endings.size(), where));
}

inline document make_boolq(const json& row, const std::string& where) {
  // The hub's two copies of the set call the answer "label" (0, 1) and "answer" (true, false).
  const char* key = row.is_object() && row.contains("label") ? "label" : "answer";
  const std::string context = text_of(row, "passage", where) +
                              "\nQuestion: " + text_of(row, "question", where) + "?\nAnswer:";
  return choices_behind(context, {"no", "yes"}, gold_of(row, key, 2, where));
}

inline document make_copa(const json& row, const std::string& where) {
  const std::string question = text_of(row, "question", where);
  require(question == "cause" || question == "effect", where, ": \"question\" is \"", question,
          "\", expected cause or effect");
  const std::string premise = text_of(row, "premise", where);
  const std::string connector = question == "cause" ? " because" : " therefore";
  std::vector<std::string> choices;
  for (const char* key : {"choice1", "choice2"}) {
    const std::string choice = text_of(row, key, where);
    require(!choice.empty(), where, ": \"", key, "\" is empty");
    choices.push_back(" " + with_small_first(choice));
  }
  // What is left out is the full stop.
  return choices_behind(std::string(without_last_character(strip(premise))) + connector, choices,
                        gold_of(row, "label", 2, where));
}

inline document make_mmlu(const json& row, const std::string& where) {
  const auto choices = files::json_get<std::vector<std::string>>(row, "choices", where);
  require(choices.size() == 4, where, ": ", choices.size(), " choices, expected 4");
  std::string context(strip(text_of(row, "question", where)));
  std::string letter = "A";
  for (const std::string& choice : choices) {
    context += "\n" + letter + ". " + choice;
    ++letter[0];
  }
  return choices_behind(context + "\nAnswer:", {"A", "B", "C", "D"},
                        gold_of(row, "answer", 4, where));
}

/// mmlu names the subject, with spaces for underscores.
inline std::string describe_mmlu(const json& row, const std::string& where) {
  return "The following are multiple choice questions (with answers) about " +
         replaced(text_of(row, "subject", where), "_", " ") + ".\n\n";
}

inline document make_blimp(const json& row, const std::string& where) {
  document d;
  for (const char* key : {"sentence_good", "sentence_bad"})
    d.options.push_back({"", " " + text_of(row, key, where)});
  return d;
}

/// A continuation as it follows a context: behind a space, unless there is white space already.
inline std::string behind(std::string_view context, const std::string& continuation) {
  const bool has_space =
      context.empty() || begins_with_space(continuation) || ends_with_space(context);
  return has_space ? continuation : " " + continuation;
}

/// {"query", "choices", "gold"}, or {"context_options", "continuation", "gold"}.
inline document make_choice(const json& row, const std::string& where) {
  document d;
  if (row.contains("context_options")) {
    const std::string continuation = text_of(row, "continuation", where);
    for (const auto& context :
         files::json_get<std::vector<std::string>>(row, "context_options", where)) {
      d.options.push_back({context, behind(context, continuation)});
    }
  } else {
    const std::string query = text_of(row, "query", where);
    for (const auto& choice : files::json_get<std::vector<std::string>>(row, "choices", where)) {
      d.options.push_back({query, behind(query, choice)});
      d.lengths.push_back(character_count(choice));
    }
  }
  d.gold = gold_of(row, "gold", d.options.size(), where);
  for (const scored_text& option : d.options)
    require(!option.continuation.empty(), where, ": a choice is empty");
  return d;
}

/// {"context", "continuation"}.
inline document make_continuation(const json& row, const std::string& where) {
  const std::string context = text_of(row, "context", where),
                    continuation = text_of(row, "continuation", where);
  require(!continuation.empty(), where, ": \"continuation\" is empty");
  document d;
  d.options.push_back({context, behind(context, continuation)});
  return d;
}

/// A text that is to be written: a continuation, or the right one of some choices.
inline document make_answer(const json& row, const std::string& where) {
  require(row.is_object(), where, ": expected an object, found ", files::json_quote(row));
  if (!row.contains("gold")) return make_continuation(row, where);
  const document all = make_choice(row, where);
  document d;
  d.options.push_back(all.options[all.gold]);
  return d;
}

}  // namespace detail

/// The sets that have forms of their own.
inline const std::array<task, 11> named_tasks{{
    {.name = "lambada_openai",
     .make = detail::make_lambada,
     .form = task_form::likelihood,
     .metrics = {"acc", "perplexity"},
     .example_space = " "},
    {.name = "piqa", .make = detail::make_piqa, .metrics = {"acc", "acc_norm"}},
    {.name = "arc_easy", .make = detail::make_arc, .metrics = {"acc", "acc_norm"}},
    {.name = "arc_challenge", .make = detail::make_arc, .metrics = {"acc", "acc_norm"}},
    {.name = "openbookqa", .make = detail::make_openbookqa, .metrics = {"acc", "acc_norm"}},
    {.name = "winogrande", .make = detail::make_winogrande},
    {.name = "hellaswag", .make = detail::make_hellaswag, .metrics = {"acc", "acc_norm"}},
    {.name = "boolq", .make = detail::make_boolq, .version = "2.0"},
    {.name = "copa", .make = detail::make_copa},
    {.name = "mmlu",
     .make = detail::make_mmlu,
     .part_key = "subject",
     .whole_version = "2",
     .describe = detail::describe_mmlu},
    {.name = "blimp",
     .make = detail::make_blimp,
     .part_key = "UID",
     .whole_version = "2.0",
     .is_weighted_by_size = false,
     .has_examples = false},
}};

/// Sets whose answers are written, a line each.
inline const std::array<task, 2> written_tasks{{
    {.name = "repeat_copy",
     .make = detail::make_answer,
     .form = task_form::generation,
     .metrics = metrics_of(task_form::generation),
     .version = "",
     .generation = {{"\n"}, 128},
     .other_file = "bigbench_repeat_copy_logic"},
    {.name = "arithmetic",
     .make = detail::make_answer,
     .form = task_form::generation,
     .metrics = metrics_of(task_form::generation),
     .version = "",
     .generation = {{"\n"}, 16},
     .other_file = "simple_arithmetic_withspaces"},
}};

/// The two general forms, by what the first row of a file holds.
inline const task choice_task{
    .name = "choice", .make = detail::make_choice, .metrics = {"acc", "acc_norm"}, .version = ""};
inline const task continuation_task{.name = "continuation",
                                    .make = detail::make_continuation,
                                    .form = task_form::likelihood,
                                    .metrics = {"acc", "perplexity"},
                                    .version = ""};

/// The task of that name, or null.
inline const task* find_task(std::string_view name) {
  for (const task& each : named_tasks) {
    if (each.name == name) return &each;
  }
  for (const task& each : written_tasks) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

/// The general form that a row has; throws naming `where` when it has neither.
inline const task& general_task(const files::json& row, const std::string& where) {
  require(row.is_object(), where, ": expected an object, found ", files::json_quote(row));
  if (row.contains("gold")) return choice_task;
  require(
      row.contains("context") && row.contains("continuation"), where,
      ": no set of a known name; expected the fields query, choices and gold, or context_options, "
      "continuation and gold, or context and continuation");
  return continuation_task;
}

}  // namespace radlads::evaluate
