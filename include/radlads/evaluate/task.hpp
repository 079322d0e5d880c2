// SPDX-License-Identifier: Apache-2.0
#pragma once
// How an evaluation set becomes documents and figures.

#include "radlads/evaluate/document.hpp"
#include "radlads/files/json.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::evaluate {

/// What is asked of a model.
enum class task_form {
  choice,      ///< which of some texts is the most probable
  likelihood,  ///< how probable one text is
  generation   ///< which text it writes
};

/// Where a text that a model writes ends.
struct generation_rule {
  std::vector<std::string> until;  ///< the text ends before the first of them
  std::int64_t max_tokens = 256;
};

/// How a set is scored.
struct task {
  std::string name;
  /// A document of one row; throws naming `where`, the key, and what was expected and found.
  std::function<document(const files::json& row, const std::string& where)> make = {};
  task_form form = task_form::choice;
  std::vector<std::string> metrics{"acc"};  ///< see metrics_of; of a set of parts acc alone
  std::string version = "1.0";       ///< lm-eval's, of the set or of each of its parts; may be ""
  std::string part_key = {};         ///< field that says to which part of the set a row belongs
  std::string whole_version = {};    ///< of a set of parts
  bool is_weighted_by_size = true;   ///< how the figure of a set of parts is their mean
  bool has_examples = true;          ///< examples may stand before its documents
  std::string example_space = {};    ///< goes before an example's continuation
  std::string example_end = "\n\n";  ///< goes behind it
  /// What stands before examples and document; null: nothing.
  std::function<std::string(const files::json& row, const std::string& where)> describe = {};
  generation_rule generation = {};  ///< of task_form::generation
  std::string other_file = {};      ///< its rows are in this .jsonl where none has its name

  bool has_metric(std::string_view wanted) const {
    return std::find(metrics.begin(), metrics.end(), wanted) != metrics.end();
  }
};

/// The figures that a form can have.
inline std::vector<std::string> metrics_of(task_form form) {
  if (form == task_form::choice) return {"acc", "acc_norm"};
  if (form == task_form::likelihood) return {"acc", "perplexity"};
  return {"exact_match", "prefix_match"};
}

}  // namespace radlads::evaluate
