// SPDX-License-Identifier: Apache-2.0
// radlads export: a model in a form that other programs open.

#include "commands.hpp"
#include "loading.hpp"
#include "messages.hpp"
#include "model_readme.hpp"
#include "output_file.hpp"
#include "radlads/core/error.hpp"
#include "radlads/io/gguf/export.hpp"
#include "radlads/io/model_directory.hpp"
#include "radlads/io/stored_type.hpp"
#include "stages.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace radlads::program {
namespace {

struct export_options {
  std::filesystem::path model, out;
  std::string form = "gguf", type;
  bool is_overwriting = false;
};

/// The type that was asked for, else the model's own.
io::dtype type_for_directory(const export_options& o) {
  if (o.type.empty()) return io::stored_type_of(o.model);
  require(o.type != "q8_0" && o.type != "q4_0", "--type is ", o.type,
          ", which --to hf does not have; it has f32, f16 and bf16");
  return o.type == "f32" ? io::dtype::f32 : o.type == "f16" ? io::dtype::f16 : io::dtype::bf16;
}

io::block_type type_for_file(const export_options& o) {
  if (!o.type.empty()) return io::find_writable(o.type).value();
  const io::dtype type = io::stored_type_of(o.model);
  if (type == io::dtype::f32) return io::block_type::f32;
  return type == io::dtype::f16 ? io::block_type::f16 : io::block_type::bf16;
}

void export_to_file(const export_options& o) {
  require_new_file(o.out, o.is_overwriting);
  for (const std::string& note : io::export_gguf(o.model, type_for_file(o), o.out)) {
    message("export: {}\n", note);
  }
  print("{}: {} bytes\n", o.out.string(), std::filesystem::file_size(o.out));
}

/// The README.md that the model has, else one made for it; none for a softmax model, or beside one
/// of the user's. The figures of eval.json go into those that are not a user's.
void add_readme(const export_options& o, const models::config& c, io::save_options& options) {
  const bool is_softmax =
      std::all_of(c.mixers.begin(), c.mixers.end(),
                  [](const std::string& each) { return each == io::softmax_mixer; });
  std::ifstream own(o.model / readme_name, std::ios::binary);
  if (has_foreign_readme(o.out) || (is_softmax && !own)) return;
  std::string text = own ? std::string(std::istreambuf_iterator<char>(own), {})
                         : model_readme(c, {base_name(o.out), "", "", ""});
  const std::string table = evaluation_table(o.model / "eval.json");
  if (!table.empty() && !has_foreign_readme(o.model)) {
    text += "\n## Evaluation\n\n```\n" + table + "```\n";
  }
  options.texts[readme_name] = text;
}

void export_to_directory(const export_options& o) {
  io::save_options options;
  options.weights.stored_as = type_for_directory(o);
  backend_type b(backend_options({}));
  const run_context run = run_on(b, {});
  files::directory_lock lock = claim_output(run, o.out, o.is_overwriting);
  const auto model = load_model(b, o.model);
  hold_output(run, o.out, lock);
  options.own_entries = io::directory_names(o.out);
  add_readme(o, model->config, options);
  io::save_model(b, model->config, model->weights, o.model, o.out, options);
  print("{}: {}\n", o.out.string(), io::architecture_of(model->config).name);
}

void run(const export_options& o) {
  std::error_code code;
  require(std::filesystem::is_directory(o.model, code) || files::is_gguf(o.model), o.model.string(),
          ": is neither a model directory nor a GGUF file");
  require(!std::filesystem::equivalent(o.out, o.model, code), "--out ", o.out.string(),
          " is the model itself");
  if (o.form == "gguf") return export_to_file(o);
  export_to_directory(o);
}

}  // namespace

void add_export(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "export", "Write a model as a GGUF file for llama.cpp, or as a Hugging Face directory");
  const auto o = std::make_shared<export_options>();
  command->add_option("--model", o->model, "model directory or GGUF file")->required();
  command->add_option("--to", o->form, "gguf: a file; hf: a directory")
      ->check(CLI::IsMember({"gguf", "hf"}))
      ->capture_default_str();
  command
      ->add_option("--type", o->type,
                   "f32, f16, bf16, and in GGUF q8_0, q4_0 (default: the model's own, bf16 for "
                   "quantised ones)")
      ->check(CLI::IsMember({"f32", "f16", "bf16", "q8_0", "q4_0"}));
  command->add_option("--out", o->out, "file or directory to write")->required();
  command->add_flag("--overwrite", o->is_overwriting,
                    "Also write where a file or a model is already");
  command->callback([o] { run(*o); });
}

}  // namespace radlads::program
