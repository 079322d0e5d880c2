// SPDX-License-Identifier: Apache-2.0
// radlads logits: what a model predicts behind every token of one sequence.

#include "commands.hpp"
#include "loading.hpp"
#include "messages.hpp"
#include "model.hpp"
#include "options.hpp"
#include "output_file.hpp"
#include "radlads/core/error.hpp"
#include "radlads/io/safetensors_writer.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

namespace radlads::program {
namespace {

struct logits_options {
  common_options common;
  std::filesystem::path model, out;
  std::vector<std::int32_t> tokens;
  bool is_overwriting = false;
};

void run(const logits_options& o) {
  require_new_file(o.out, o.is_overwriting);
  backend_type b(backend_options(o.common));
  const std::unique_ptr<model_type> model = load_model(b, o.model);
  for (std::size_t i = 0; i < o.tokens.size(); ++i) {
    require(o.tokens[i] >= 0 && o.tokens[i] < model->config.vocabulary, "--tokens: token ", i,
            " has the id ", o.tokens[i], ", outside the vocabulary of ", model->config.vocabulary);
  }
  const auto count = static_cast<std::int64_t>(o.tokens.size());
  model_type::saved saved;
  run_forward(b, *model, o.tokens, nullptr, saved);
  const std::vector<float> logits = run_logits(b, *model, saved);
  io::safetensors_writer writer;
  writer.add("logits", io::dtype::f32, {count, model->config.vocabulary}, logits.data());
  writer.write(o.out);
  print("{}: logits, F32 ({}, {})\n", o.out.string(), count, model->config.vocabulary);
}

}  // namespace

void add_logits(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("logits", "Write the logits behind every token of one sequence");
  const auto o = std::make_shared<logits_options>();
  command->add_option("--model", o->model, "model directory")->required();
  add_list(*command, "--tokens", o->tokens, "ids with commas between: 1,2,3; no token is added")
      ->required();
  command->add_option("--out", o->out, "file.safetensors with one F32 tensor, logits (T, V)")
      ->required();
  command->add_flag("--overwrite", o->is_overwriting, overwrite_help);
  add_common(*command, o->common);
  command->callback([o] { run(*o); });
}

}  // namespace radlads::program
