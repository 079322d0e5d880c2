// SPDX-License-Identifier: Apache-2.0
#include "generation_yaml.hpp"
#include "radlads/core/error.hpp"
#include "settings_value.hpp"
#include "task_yaml.hpp"
#include "yaml_file.hpp"
#include "yaml_values.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace radlads::program {

namespace {

using evaluate::task_form;
using evaluate::task_template;

task_form form_of(const std::string& name, const std::string& where) {
  if (name == "multiple_choice") return task_form::choice;
  if (name == "loglikelihood") return task_form::likelihood;
  require(name == "generate_until", where, "\"", name,
          "\" is not known, expected multiple_choice, loglikelihood or generate_until");
  return task_form::generation;
}

/// Names of figures, or lm-eval's maps of a figure's properties, which are fixed here.
std::vector<std::string> metrics_of(const YAML::Node& list, const std::string& path,
                                    const std::string& where) {
  require(list.IsSequence(), where, "expected a list of figures");
  std::vector<std::string> names;
  for (const YAML::Node& each : list) {
    if (!each.IsMap()) {
      names.push_back(text_of(each, where));
      continue;
    }
    std::string name;
    for_each_key(each, path, {"metric", "aggregation", "higher_is_better"},
                 [&](const std::string& key, const YAML::Node& value, const std::string& at) {
                   const std::string text = text_of(value, at);
                   if (key == "metric") name = text;
                   const bool is_mean = text == "mean" || text == "perplexity";
                   require(key != "aggregation" || is_mean, at, "\"", text,
                           "\" is not known, expected mean or perplexity");
                 });
    require(!name.empty(), place(path, each), "metric is missing");
    names.push_back(name);
  }
  return names;
}

/// Keys whose values are texts.
const std::map<std::string, std::string task_template::*> text_keys{
    {"task", &task_template::task},
    {"doc_to_text", &task_template::doc_to_text},
    {"doc_to_target", &task_template::doc_to_target},
    {"doc_to_choice", &task_template::doc_to_choice},
    {"description", &task_template::description},
    {"target_delimiter", &task_template::target_delimiter},
    {"fewshot_delimiter", &task_template::fewshot_delimiter}};

std::vector<std::string> all_keys() {
  std::vector<std::string> keys{"dataset_path", "output_type", "metric_list", "generation_kwargs",
                                "metadata"};
  for (const auto& [key, member] : text_keys) keys.push_back(key);
  return keys;
}

/// What a file says, and which of its keys it has.
struct file_content {
  task_template t;
  std::string data;
  std::set<std::string> keys;
};

void read_version(task_template& t, const YAML::Node& map, const std::string& path) {
  for_each_key(map, path, {"version"},
               [&](const std::string&, const YAML::Node& value, const std::string& where) {
                 double number = 0;
                 t.version = text_of(value, where);
                 parse_value(t.version, number, where.substr(0, where.size() - 2));
               });
}

file_content read_content(const std::filesystem::path& path) {
  const std::string file = path.string();
  file_content c;
  const auto read = [&](const std::string& key, const YAML::Node& value, const std::string& where) {
    c.keys.insert(key);
    const auto text = text_keys.find(key);
    if (key == "doc_to_choice" && value.IsSequence()) {
      c.t.choices = texts_of(value, where);
    } else if (text != text_keys.end()) {
      c.t.*text->second = text_of(value, where);
    } else if (key == "dataset_path") {
      c.data = text_of(value, where);
    } else if (key == "output_type") {
      c.t.form = form_of(text_of(value, where), where);
    } else if (key == "metric_list") {
      c.t.metrics = metrics_of(value, file, where);
    } else if (key == "generation_kwargs") {
      c.t.generation.until.clear();
      read_generation(c.t.generation, value, file);
    } else {
      read_version(c.t, value, file);
    }
  };
  for_each_key(read_yaml(path, "a task file"), file, all_keys(), read);
  return c;
}

}  // namespace

yaml_task read_task_yaml(const std::filesystem::path& path) {
  const std::string file = path.string();
  file_content c = read_content(path);
  require(c.keys.contains("output_type"), file,
          ": output_type is missing; expected multiple_choice, loglikelihood or generate_until");
  require(c.keys.contains("doc_to_text"), file, ": doc_to_text is missing");
  const bool has_rule = c.keys.contains("generation_kwargs");
  require(!has_rule || c.t.form == task_form::generation, file,
          ": generation_kwargs belongs to output_type generate_until");
  if (!has_rule || c.t.generation.until.empty()) c.t.generation.until = {c.t.fewshot_delimiter};
  try {
    return {evaluate::make_task(c.t), c.data.empty() ? c.t.task : c.data};
  } catch (const error& problem) {
    fail(file, ": ", problem.what());
  }
}

}  // namespace radlads::program
