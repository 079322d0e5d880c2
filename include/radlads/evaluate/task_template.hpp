// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sets of one's own: templates that make texts of a row's fields, as lm-eval's task files have
// them.

#include "radlads/core/error.hpp"
#include "radlads/evaluate/document.hpp"
#include "radlads/evaluate/task.hpp"
#include "radlads/files/json.hpp"
#include "radlads/text/jinja/evaluate.hpp"
#include "radlads/text/jinja/parser.hpp"
#include "radlads/text/jinja/value.hpp"
#include "radlads/text/jinja/value_text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::evaluate {

/// A set in the words of lm-eval's task files. A template is the name of a field, whose value it
/// stands for, or Jinja.
struct task_template {
  std::string task;
  task_form form = task_form::choice;
  std::string doc_to_text;                 ///< the context
  std::string doc_to_target;               ///< number or text of the right choice, or the answer
  std::string doc_to_choice;               ///< a template that gives a list
  std::vector<std::string> choices;        ///< the same ones for all documents, instead
  std::string description;                 ///< a template; stands before everything
  std::string target_delimiter = " ";      ///< between context and choice
  std::string fewshot_delimiter = "\n\n";  ///< behind an example
  std::vector<std::string> metrics;        ///< none: all of the form
  std::string version;                     ///< what the table calls it
  generation_rule generation{{"\n\n"}, 256};
};

namespace detail {

/// One template of a set.
class field_template {
 public:
  /// `name` is what errors call it.
  field_template(std::string name, std::string source)
      : name_(std::move(name)), source_(std::move(source)) {
    named([&] {
      // lm-eval's settings keep all white space.
      statements_ = text::jinja::parser::parse(
          source_, {}, {.trims_blocks = false, .strips_blocks = false, .keeps_last_newline = true});
    });
  }

  /// The value of the field of this name or of a template that is one expression; of others their
  /// text.
  text::jinja::value value_of(const files::json& row) const {
    if (row.contains(source_)) return text::jinja::from_json(row[source_]);
    text::jinja::value found;
    named([&] {
      if (statements_.size() == 1 && statements_[0].kind == text::jinja::statement_kind::output) {
        found = text::jinja::evaluator::value_of(statements_[0].expressions[0], outside(row));
      } else {
        found = text::jinja::evaluator::render(statements_, outside(row));
      }
    });
    return found;
  }

  std::string text_of(const files::json& row) const {
    const text::jinja::value found = value_of(row);
    std::string text;
    named([&] { text = text::jinja::to_text(found); });
    return text;
  }

  const std::string& source() const { return source_; }

 private:
  template <class F>
  void named(F&& f) const {
    try {
      f();
    } catch (const error& problem) {
      fail(name_, ": ", problem.what());
    }
  }

  static text::jinja::environment outside(const files::json& row) {
    text::jinja::environment all;
    all.refuses_undefined = true;
    for (const auto& [key, each] : row.items())
      all.globals.emplace_back(key, text::jinja::from_json(each));
    return all;
  }

  std::string name_, source_;
  text::jinja::body statements_;
};

inline bool is_number(std::string_view text) {
  return !text.empty() && text.size() < 10 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Makes documents by the templates of a set.
class template_maker {
 public:
  explicit template_maker(const task_template& t)
      : form_(t.form),
        text_("doc_to_text", t.doc_to_text),
        target_("doc_to_target", t.doc_to_target),
        choice_("doc_to_choice", t.doc_to_choice),
        choices_(t.choices),
        delimiter_(t.target_delimiter) {}

  document make(const files::json& row, const std::string& where) const {
    require(row.is_object(), where, ": expected an object, found ", files::json_quote(row));
    try {
      return form_ == task_form::choice ? with_choices(row) : with_answer(row);
    } catch (const error& problem) {
      fail(where, ": ", problem.what());
    }
  }

 private:
  document with_answer(const files::json& row) const {
    document d;
    d.options.push_back({text_.text_of(row), target_.text_of(row)});
    require(!d.options[0].continuation.empty(), "doc_to_target: the text is empty");
    return d;
  }

  document with_choices(const files::json& row) const {
    document d;
    const std::string context = text_.text_of(row);
    require(!is_number(context), "doc_to_text: the text is the number ", context,
            ", which lm-eval takes for that of a choice; expected a context");
    const std::vector<std::string> choices = choices_of(row);
    for (const std::string& each : choices) {
      d.options.push_back({context, delimiter_ + each});
      d.lengths.push_back(character_count(each));
      require(!d.options.back().continuation.empty(), "doc_to_choice: a choice is empty");
    }
    d.gold = gold_of(row, choices);
    return d;
  }

  std::vector<std::string> choices_of(const files::json& row) const {
    if (!choices_.empty()) return choices_;
    const text::jinja::value found = choice_.value_of(row);
    const text::jinja::list* items = found.items();
    require(items != nullptr, "doc_to_choice: expected a list of texts, found ",
            text::jinja::type_name(found));
    require(!items->empty(), "doc_to_choice: there are no choices");
    std::vector<std::string> all;
    for (const text::jinja::value& each : *items) {
      require(each.string() != nullptr, "doc_to_choice: a choice is ", text::jinja::type_name(each),
              ", expected a text");
      all.push_back(*each.string());
    }
    return all;
  }

  /// A number is the choice's, from 0, and so is a text of digits that a template made; other texts
  /// are a choice's own.
  std::size_t gold_of(const files::json& row, const std::vector<std::string>& choices) const {
    const text::jinja::value found = target_.value_of(row);
    const std::string text = text::jinja::to_text(found);
    const bool is_index = found.is_number() || (is_number(text) && !row.contains(target_.source()));
    if (!is_index) {
      const auto place = std::find(choices.begin(), choices.end(), text);
      require(place != choices.end(), "doc_to_target: ", files::json_quote(text),
              " is none of the choices");
      return static_cast<std::size_t>(place - choices.begin());
    }
    const auto* boolean = found.get_if<bool>();
    const std::string digits = boolean ? (*boolean ? "1" : "0") : text;
    require(is_number(digits) && static_cast<std::size_t>(std::stoi(digits)) < choices.size(),
            "doc_to_target: ", text, " is the number of no choice, expected 0 to ",
            choices.size() - 1);
    return static_cast<std::size_t>(std::stoi(digits));
  }

  task_form form_;
  field_template text_, target_, choice_;
  std::vector<std::string> choices_;
  std::string delimiter_;
};

inline void check(const task_template& t) {
  require(!t.task.empty(), "task is missing");
  require(!t.doc_to_text.empty() || t.form != task_form::generation, "doc_to_text is missing");
  require(!t.doc_to_target.empty(), "doc_to_target is missing");
  const bool has_choices = !t.doc_to_choice.empty() || !t.choices.empty();
  if (t.form == task_form::choice) {
    require(has_choices, "doc_to_choice is missing");
  } else {
    require(!has_choices, "doc_to_choice belongs to output_type multiple_choice");
  }
  const std::vector<std::string> known = metrics_of(t.form);
  for (const std::string& each : t.metrics) {
    require(std::find(known.begin(), known.end(), each) != known.end(), "metric_list: ", each,
            " is no figure of this output_type; they are ", known[0], " and ", known[1]);
    require(std::count(t.metrics.begin(), t.metrics.end(), each) == 1, "metric_list: ", each,
            " is there twice");
  }
}

}  // namespace detail

/// The set that a description is of. Throws naming what is missing, does not parse or does not go
/// with the rest.
inline task make_task(const task_template& t) {
  detail::check(t);
  const auto maker = std::make_shared<const detail::template_maker>(t);
  task out;
  out.name = t.task;
  out.make = [maker](const files::json& row, const std::string& where) {
    return maker->make(row, where);
  };
  out.form = t.form;
  out.metrics = t.metrics.empty() ? metrics_of(t.form) : t.metrics;
  out.version = t.version;
  // A choice has the delimiter already.
  out.example_space = t.form == task_form::choice ? "" : t.target_delimiter;
  out.example_end = t.fewshot_delimiter;
  out.generation = t.generation;
  if (t.description.empty()) return out;
  const auto description =
      std::make_shared<const detail::field_template>("description", t.description);
  out.describe = [description](const files::json& row, const std::string& where) {
    try {
      return description->text_of(row);
    } catch (const error& problem) {
      fail(where, ": ", problem.what());
    }
  };
  return out;
}

}  // namespace radlads::evaluate
