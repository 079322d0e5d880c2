// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where models keep their chat templates: chat_template.jinja,
// additional_chat_templates/NAME.jinja, tokenizer_config.json with one template or a list of named
// ones, or a GGUF file.

#include "radlads/core/error.hpp"
#include "radlads/files/gguf.hpp"
#include "radlads/files/json.hpp"
#include "radlads/files/mapped.hpp"
#include "radlads/text/chat_template.hpp"
#include "radlads/text/gguf_tokenizer.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text {

/// A model's template and what it may print of the tokenizer: bos_token, eos_token, ...
struct model_chat {
  chat_template form;
  std::vector<std::pair<std::string, std::string>> special_tokens;
};

namespace detail {

/// tokens that a tokenizer_config.json names, as text or as an object with a "content".
inline std::vector<std::pair<std::string, std::string>> tokens_to_print(const files::json& config) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [key, each] : config.items()) {
    if (!key.ends_with("_token")) continue;
    if (each.is_string()) out.emplace_back(key, each.get<std::string>());
    const auto content = each.is_object() ? each.find("content") : each.end();
    if (each.is_object() && content != each.end() && content->is_string())
      out.emplace_back(key, content->get<std::string>());
  }
  return out;
}

/// The template called `name` in a tokenizer_config.json.
inline std::optional<std::string> template_in(const files::json& config, const std::string& where,
                                              std::string_view name) {
  const auto entry = config.find("chat_template");
  if (entry == config.end() || entry->is_null()) return {};
  if (entry->is_string())
    return name == "default" ? std::optional(entry->get<std::string>()) : std::nullopt;
  require(entry->is_array(), where, ": \"chat_template\" must be a string or a list, found ",
          files::json_quote(*entry));
  for (const files::json& each : *entry) {
    if (files::json_get<std::string>(each, "name", where) == name)
      return files::json_get<std::string>(each, "template", where);
  }
  return {};
}

}  // namespace detail

/// The template `name` of a model directory or GGUF file; a file beside tokenizer_config.json comes
/// before it, as in transformers. Throws naming the place when there is none or it does not parse.
inline model_chat read_chat_template(const std::filesystem::path& model,
                                     std::string_view name = "default") {
  const bool is_gguf = files::is_gguf(model);
  const std::filesystem::path config_path = is_gguf ? model : model / "tokenizer_config.json";
  files::json config = files::json::object();
  const files::json_clearer clearer(config);
  if (is_gguf) {
    config = huggingface_tokenizer(files::gguf_file::open(model)).config;
  } else if (std::filesystem::exists(config_path)) {
    config = files::read_json(config_path);
    require(config.is_object(), config_path.string(), ": expected an object");
  }
  require(name.find_first_of("/\\") == std::string_view::npos, "the chat template '", name,
          "' is no name");
  const std::filesystem::path file =
      name == "default" ? model / "chat_template.jinja"
                        : model / "additional_chat_templates" / (std::string(name) + ".jinja");
  auto tokens = detail::tokens_to_print(config);
  if (!is_gguf && std::filesystem::exists(file)) {
    const files::mapped_file source = files::mapped_file::open(file);
    return {chat_template(source.text(), file.string()), std::move(tokens)};
  }
  const auto source = detail::template_in(config, config_path.string(), name);
  require(source.has_value(), model.string(), ": has no chat template '", name,
          "'; neither a file of it nor tokenizer_config.json");
  return {chat_template(*source, config_path.string() + ": chat template"), std::move(tokens)};
}

}  // namespace radlads::text
