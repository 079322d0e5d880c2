// SPDX-License-Identifier: Apache-2.0
#pragma once
// eval on text: its options, its tables, and its figures as JSON.

#include "eval_tasks.hpp"
#include "loading.hpp"
#include "model.hpp"
#include "radlads/files/json.hpp"
#include "radlads/text/tokenizer.hpp"
#include "texts.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace radlads::program {

struct eval_options {
  common_options common;
  std::filesystem::path model, teacher, json;
  std::vector<std::string> text;
  std::optional<std::int64_t> context;
  task_options tasks;
  bool is_overwriting = false;

  std::int64_t text_context() const { return context.value_or(512); }
};

/// Scores text, prints the tables and returns the figures. `teacher` may be null.
files::json run_text(backend_type& b, const eval_options& o, const text_inputs& given,
                     const model_type& model, const model_type* teacher,
                     const text::tokenizer& tokenizer);

}  // namespace radlads::program
