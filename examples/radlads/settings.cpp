// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"
#include "radlads/core/error.hpp"
#include "radlads/optim/schedule.hpp"
#include "settings.hpp"
#include "settings_file.hpp"
#include "settings_value.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
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
              values.given.push_back(concatenate(section, ".", key));
            },
            each);
        require(is_key, where, ": there is no key ", section, ".", given_key, "; the nearest is ",
                section, ".", nearest(key, key_names(each)));
      },
      values);
  require(is_section, where, ": there is no section ", section, "; the nearest is ",
          nearest(section, section_names(values)));
}

void read_file(settings& values, const std::string& name) {
  const std::filesystem::path path = find_settings_file(name);
  for (const file_setting& each : read_settings_file(path)) {
    set_value(values, each.section, each.key, each.text, path.string());
  }
}

[[noreturn]] void refuse(const std::string& message) { throw CLI::ValidationError(message); }

/// --section.key value and --section.key=value among what CLI11 did not know.
void read_arguments(settings& values, const CLI::App& app, const name_list& sections) {
  const name_list arguments = app.remaining();
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& given = arguments[i];
    const std::size_t equals = std::min(given.find('='), given.size());
    const std::size_t dot = given.substr(0, equals).find('.');
    if (!given.starts_with("--") || dot == std::string::npos) refuse(unknown_argument(app, given));
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
                 "YAML file of settings, or a recipe that came with the program, such as "
                 "small.yaml; may be given again, later wins")
      ->allow_extra_args(false)
      ->type_name("FILE");
  add_number(app, "--seed", options.seed, "Seed of fresh tensors and of the order of rows", 0);
  CLI::Option* const dry_run =
      app.add_flag("--dry-run", options.is_dry_run,
                   "Print the resolved settings and the memory that each stage needs, and stop");
  add_number(app, "--ranks", options.ranks, "With --dry-run: what each of so many processes needs",
             1, 1 << 20)
      ->needs(dry_run);
  add_number(app, "--gpu-memory", options.gpu_memory,
             "With --dry-run: compare with a GPU of so many GiB, which need not be there", 0)
      ->needs(dry_run);
  app.allow_extras();
  app.footer("Settings: --section.key value, as in -c files; --dry-run lists them all.");
}

void add_loss_on(CLI::App& app, settings_options& options) {
  app.add_option("--loss-on", options.loss_on,
                 "assistant: the loss is on the answers of conversations (.jsonl with messages) "
                 "alone; everything (the default)")
      ->type_name("WHAT");
}

bool has_loss_on_answers(const settings& values, const std::vector<std::string>& stages) {
  return std::any_of(stages.begin(), stages.end(), [&](const std::string& name) {
    const stage_settings& stage = values.stage(name);
    return stage.tokens > 0 && stage.loss_on == "assistant";
  });
}

void check_model(const model_settings& model) {
  const auto within = [](const char* key, auto value, std::int64_t least, std::int64_t most) {
    const std::int64_t found = std::optional<std::int64_t>(value).value_or(least);
    require(found >= least, "model.", key, " is ", found, ", expected at least ", least);
    require(found <= most, "model.", key, " is ", found, ", expected at most ", most);
  };
  // Far above what is trained here: products stay within 63 bits, and a mistyped number of layers
  // is refused before it takes minutes and all memory.
  constexpr std::int64_t most_layers = 1024, most_heads = 1 << 16, most_width = 1 << 24;
  within("layers", model.layers, 1, most_layers);
  within("heads", model.heads, 1, most_heads);
  within("kv_heads", model.kv_heads, 1, most_heads);
  within("head_size", model.head_size, 1, most_heads);
  within("hidden", model.hidden, 1, most_width);
  within("intermediate", model.intermediate, 1, most_width);
  within("gate_rank_type", model.gate_rank_type, 0, 1 << 16);
  within("lora_rank_decay", model.lora_rank_decay, 0, most_width);
  within("lora_rank_iclr", model.lora_rank_iclr, 0, most_width);
  within("lora_rank_value_residual_mix", model.lora_rank_value_residual_mix, 0, most_width);
  within("lora_rank_gate", model.lora_rank_gate, 0, most_width);
  within("lora_rank_tokenshift", model.lora_rank_tokenshift, 0, most_width);
  within("seed", model.seed, 0, std::numeric_limits<std::int64_t>::max());
}

settings read_settings(const CLI::App& app, const settings_options& options,
                       const std::vector<std::string>& sections) {
  settings values;
  for (const std::string& file : options.files) read_file(values, file);
  read_arguments(values, app, sections);
  if (options.seed) {
    const auto seed = [&](const char*, auto& section) {
      if constexpr (requires { section.seed; }) section.seed = *options.seed;
    };
    settings::for_each(seed, values);
  }
  for (const std::string& section : sections) {
    if (section == "model") {
      check_model(values.model);
    } else if (section == "parallel") {
      check_parallel(values.parallel);
    } else {
      if (!options.loss_on.empty()) values.stage(section).loss_on = options.loss_on;
      check_stage(values.stage(section), section);
    }
  }
  return values;
}

void check_parallel(const parallel_settings& parallel) {
  require_name(parallel.shard, {"none", "optimizer"}, "parallel.shard");
  constexpr std::int64_t most = 1'000'000'000;
  require(parallel.time_limit >= 0 && parallel.time_limit <= most, "parallel.time_limit is ",
          parallel.time_limit, ", expected seconds from 0, which is without end, to ", most);
}

void check_stage(const stage_settings& stage, const std::string& name) {
  const auto within = [&](const char* key, auto value, auto least, auto most) {
    require(value >= least, name, ".", key, " is ", value, ", expected at least ", least);
    require(value <= most, name, ".", key, " is ", value, ", expected at most ", most);
  };
  constexpr std::int64_t most = std::int64_t{1} << 53, most_rows = std::int64_t{1} << 31;
  constexpr double any = std::numeric_limits<double>::max();
  within("tokens", stage.tokens, 0, most);
  within("batch", stage.batch, 1, most_rows);
  within("context", stage.context, 1, most_rows);
  // Their products then stay within 63 bits.
  require(stage.batch * stage.context <= most / 1024, name, ".batch x ", name, ".context is ",
          stage.batch * stage.context, " tokens a step, expected at most ", most / 1024);
  within("micro_batch", stage.micro_batch, 0, most_rows);
  within("warmup_steps", stage.warmup_steps, 0, most);
  within("save_every", stage.save_every, 1, most);
  within("log_every", stage.log_every, 1, most);
  within("seed", stage.seed, 0, std::numeric_limits<std::int64_t>::max());
  within("sample_offset", stage.sample_offset, 0, most);
  within("magic_prime", stage.magic_prime, 0, most);
  within("lr_init", stage.lr_init, 0.0, any);
  within("lr_final", stage.lr_final, 0.0, any);
  within("lr2_init", stage.lr2_init.value_or(0), 0.0, any);
  within("lr2_final", stage.lr2_final.value_or(0), 0.0, any);
  within("beta1", stage.beta1, 0.0, 1.0);
  within("beta2", stage.beta2, 0.0, 1.0);
  within("adam_eps", stage.adam_eps, 0.0, any);
  within("weight_decay", stage.weight_decay, 0.0, any);
  within("gradient_clip_val", stage.gradient_clip_val, 0.0, any);
  within("kl_weight", stage.kl_weight, 0.0, any);
  within("ce_weight", stage.ce_weight, 0.0, any);
  require_name(stage.sampler, {"cubic", "epochs"}, name + ".sampler");
  require_name(stage.precision, {"float", "bf16"}, name + ".precision");
  require_name(stage.loss_on, {"everything", "assistant"}, name + ".loss_on");
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
