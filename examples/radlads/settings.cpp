// SPDX-License-Identifier: Apache-2.0
#include "radlads/core/error.hpp"
#include "radlads/optim/schedule.hpp"
#include "settings.hpp"
#include "settings_value.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::program {

namespace {

using name_list = std::vector<std::string>;

/// Names that other implementations use for the same keys.
std::string own_key(std::string_view key) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> names{{
      {"use_pos_emb", "use_rope"},
      {"my_exit_tokens", "tokens"},
      {"ctx_len", "context"},
      {"micro_bsz", "micro_batch"},
      {"grad_cp", "recompute"},
      {"seed_everything", "seed"},
  }};
  for (const auto& [theirs, ours] : names) {
    if (key == theirs) return std::string(ours);
  }
  return std::string(key);
}

name_list section_names(const settings& values) {
  name_list names;
  settings::for_each([&](const char* name, const auto&) { names.emplace_back(name); }, values);
  return names;
}

template <class Section>
name_list key_names(const Section& section) {
  name_list names;
  Section::for_each([&](const char* name, const auto&) { names.emplace_back(name); }, section);
  return names;
}

/// Sets one key; `where` names the file or the option in messages.
void set_value(settings& values, const std::string& section, const std::string& given_key,
               const std::string& text, const std::string& where) {
  const std::string key = own_key(given_key);
  bool is_section = false;
  settings::for_each(
      [&](const char* name, auto& each) {
        if (section != name) return;
        is_section = true;
        using type = std::remove_cvref_t<decltype(each)>;
        bool is_key = false;
        type::for_each(
            [&](const char* known, auto& value) {
              if (key != known) return;
              is_key = true;
              parse_value(text, value, concatenate(where, ": ", section, ".", key));
            },
            each);
        require(is_key, where, ": there is no key ", section, ".", given_key, "; the nearest is ",
                section, ".", nearest(key, key_names(each)));
      },
      values);
  require(is_section, where, ": there is no section ", section, "; the nearest is ",
          nearest(section, section_names(values)));
}

std::string node_text(const YAML::Node& node, const std::string& where) {
  if (node.IsNull()) return "~";
  if (node.IsScalar()) return node.Scalar();
  require(node.IsSequence(), where, ": expected a value or a list");
  std::string text;
  for (const YAML::Node& each : node) {
    require(each.IsScalar(), where, ": expected a list of values");
    text += (text.empty() ? "" : ",") + each.Scalar();
  }
  return text;
}

void read_file(settings& values, const std::string& path) {
  try {
    const YAML::Node file = YAML::LoadFile(path);
    require(file.IsMap() || file.IsNull(), path, ": expected sections of keys");
    for (const auto& section : file) {
      const auto name = section.first.as<std::string>();
      // What resolved.yaml says beside the settings, so that it can be given to -c.
      if (name == "run" || name == "about") continue;
      require(section.second.IsMap() || section.second.IsNull(), path, ": ", name,
              ": expected keys with values");
      if (section.second.IsNull()) continue;
      for (const auto& entry : section.second) {
        const auto key = entry.first.as<std::string>();
        set_value(values, name, key,
                  node_text(entry.second, concatenate(path, ": ", name, ".", key)), path);
      }
    }
  } catch (const YAML::BadFile&) {
    fail(path, ": cannot be read");
  } catch (const YAML::Exception& problem) {
    fail(path, ": line ", problem.mark.line + 1, ": ", problem.msg);
  }
}

[[noreturn]] void refuse(const std::string& message) { throw CLI::ValidationError(message); }

/// What to say of an option that the command does not have.
std::string unknown_option(const CLI::App& app, const std::string& given) {
  if (!given.starts_with("--")) return fmt::format("unexpected argument {}", given);
  name_list known;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back(name);
  }
  const std::string name = given.substr(2, given.find('=') - 2);
  return fmt::format("there is no option --{}; the nearest is --{}", name, nearest(name, known));
}

/// --section.key value and --section.key=value among what CLI11 did not know.
void read_arguments(settings& values, const CLI::App& app, const name_list& sections) {
  const name_list arguments = app.remaining();
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& given = arguments[i];
    const std::size_t equals = std::min(given.find('='), given.size());
    const std::size_t dot = given.substr(0, equals).find('.');
    if (!given.starts_with("--") || dot == std::string::npos) refuse(unknown_option(app, given));
    const std::string section = given.substr(2, dot - 2);
    const std::string key = given.substr(dot + 1, equals - dot - 1);
    std::string text = equals < given.size() ? given.substr(equals + 1) : "";
    if (equals == given.size()) {
      if (++i == arguments.size()) refuse(fmt::format("{} needs a value", given));
      text = arguments[i];
    }
    const name_list all = section_names(values);
    if (std::find(all.begin(), all.end(), section) != all.end() &&
        std::find(sections.begin(), sections.end(), section) == sections.end()) {
      refuse(fmt::format("{} does not read section {}; it reads {}", app.get_name(), section,
                         fmt::join(sections, ", ")));
    }
    try {
      set_value(values, section, key, text, "command line");
    } catch (const error& problem) {
      refuse(problem.what());
    }
  }
}

void require_name(const std::string& value, const name_list& known, const std::string& where) {
  require(std::find(known.begin(), known.end(), value) != known.end(), where, " is \"", value,
          "\", expected ", fmt::format("{}", fmt::join(known, " or ")));
}

}  // namespace

settings::settings() {
  align.tokens = 20'000'000;
  align.trainable = "mixers";
  distill.tokens = 20'000'000;
  distill.lr_init = 3e-3;
  extend.lr_init = 1e-5;
  train.tokens = 10'000'000;
  train.lr_init = 3e-3;
  train.lr_final = 1e-4;
}

stage_settings& settings::stage(std::string_view name) {
  if (name == "align") return align;
  if (name == "distill") return distill;
  if (name == "extend") return extend;
  require(name == "train", "there is no stage ", name);
  return train;
}

void add_settings(CLI::App& app, settings_options& options) {
  app.add_option("-c,--config", options.files,
                 "YAML file of settings; may be given again, later wins")
      ->allow_extra_args(false)
      ->type_name("FILE");
  app.add_option("--seed", options.seed, "Seed of fresh tensors and of the order of rows")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  app.add_flag("--dry-run", options.is_dry_run,
               "Print the resolved settings and the memory that each stage needs, and stop");
  app.allow_extras();
  app.footer("Settings: --section.key value, as in -c files; --dry-run lists them all.");
}

settings read_settings(const CLI::App& app, const settings_options& options,
                       const std::vector<std::string>& sections) {
  settings values;
  for (const std::string& file : options.files) read_file(values, file);
  read_arguments(values, app, sections);
  if (options.seed) {
    settings::for_each([&](const char*, auto& section) { section.seed = *options.seed; }, values);
  }
  for (const std::string& section : sections) {
    if (section != "model") check_stage(values.stage(section), section);
  }
  return values;
}

void check_stage(const stage_settings& stage, const std::string& name) {
  const auto at_least = [&](const char* key, double value, double least) {
    require(value >= least, name, ".", key, " is ", value, ", expected at least ", least);
  };
  at_least("tokens", static_cast<double>(stage.tokens), 0);
  at_least("batch", static_cast<double>(stage.batch), 1);
  at_least("context", static_cast<double>(stage.context), 1);
  at_least("micro_batch", static_cast<double>(stage.micro_batch), 0);
  at_least("warmup_steps", static_cast<double>(stage.warmup_steps), 0);
  at_least("save_every", static_cast<double>(stage.save_every), 1);
  at_least("log_every", static_cast<double>(stage.log_every), 1);
  at_least("seed", static_cast<double>(stage.seed), 0);
  at_least("sample_offset", static_cast<double>(stage.sample_offset), 0);
  at_least("lr_init", stage.lr_init, 0);
  at_least("lr_final", stage.lr_final, 0);
  at_least("gradient_clip_val", stage.gradient_clip_val, 0);
  require_name(stage.sampler, {"cubic", "epochs"}, name + ".sampler");
  require_name(stage.precision, {"float", "bf16"}, name + ".precision");
  require_name(stage.loss, {"l2", "mse"}, name + ".loss");
  require_name(stage.trainable, {"everything", "mixers", "decay_and_shift"}, name + ".trainable");
  require(stage.lr2_init.has_value() || !stage.lr2_final.has_value(), name,
          ".lr2_final is set but not ", name, ".lr2_init");
  optim::decay_shape_of(stage.lr_decay_type);
}

std::string to_yaml(const settings& values, const std::vector<std::string>& sections) {
  std::string text;
  settings::for_each(
      [&](const char* name, const auto& section) {
        if (std::find(sections.begin(), sections.end(), name) == sections.end()) return;
        text += fmt::format("{}:\n", name);
        using type = std::remove_cvref_t<decltype(section)>;
        type::for_each(
            [&](const char* key, const auto& value) {
              text += fmt::format("  {}: {}\n", key, format_value(value));
            },
            section);
      },
      values);
  return text;
}

}  // namespace radlads::program
