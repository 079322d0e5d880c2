// SPDX-License-Identifier: Apache-2.0
#pragma once
// generation_kwargs of a task file: how an answer is written.

#include "radlads/core/error.hpp"
#include "radlads/evaluate/task.hpp"
#include "settings_value.hpp"
#include "yaml_values.hpp"

#include <string>

namespace radlads::program {

/// Reads the keys of `map` into a rule. Throws, naming the file `path` and the line, on what is not
/// greedy.
inline void read_generation(evaluate::generation_rule& rule, const YAML::Node& map,
                            const std::string& path) {
  for_each_key(map, path, {"until", "max_gen_toks", "do_sample", "temperature"},
               [&](const std::string& key, const YAML::Node& value, const std::string& where) {
                 if (key == "until") {
                   rule.until = texts_of(value, where);
                   for (const std::string& each : rule.until)
                     require(!each.empty(), where, "a text that ends answers is empty");
                   return;
                 }
                 const std::string text = text_of(value, where);
                 if (key == "max_gen_toks") {
                   parse_value(text, rule.max_tokens, where.substr(0, where.size() - 2));
                   require(rule.max_tokens >= 1, where, "expected 1 or more");
                   return;
                 }
                 double number = 0;
                 if (key == "temperature")
                   parse_value(text, number, where.substr(0, where.size() - 2));
                 const bool is_greedy = key == "temperature" ? number == 0 : text == "false";
                 require(is_greedy, where, "answers are greedy; expected ",
                         key == "do_sample" ? "false" : "0");
               });
}

}  // namespace radlads::program
