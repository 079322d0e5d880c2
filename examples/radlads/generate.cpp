// SPDX-License-Identifier: Apache-2.0
// radlads generate: continues a text, one token at a time from the state of the ones before.

#include "commands.hpp"
#include "loading.hpp"
#include "messages.hpp"
#include "model.hpp"
#include "options.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/random.hpp"
#include "radlads/ops/sampling_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::program {
namespace {

struct generate_options {
  common_options common;
  std::filesystem::path model;
  std::string prompt;
  std::int64_t max_tokens = 256;
  ops::sampling_options sampling;
  std::uint64_t seed = 0;
};

/// Shows text at once; throws when standard output takes it no longer.
void show(std::string_view text) {
  write_output(text);
  flush_output();
}

bool is_end(const model_type& model, std::int32_t id) {
  const std::vector<std::int32_t>& ends = model.config.eos;
  return std::find(ends.begin(), ends.end(), id) != ends.end();
}

/// The prompt behind what the tokenizer puts in front of a text, and nothing else.
std::vector<std::int32_t> prompt_ids(const text::tokenizer& tokenizer, std::string_view prompt) {
  std::vector<std::int32_t> ids = tokenizer.post_processor().prefix();
  const std::vector<std::int32_t> text = tokenizer.encode(prompt);
  ids.insert(ids.end(), text.begin(), text.end());
  require(!ids.empty(),
          "--prompt is empty, and the tokenizer puts no token in front of a text: there is nothing "
          "to continue");
  return ids;
}

void run(const generate_options& o) {
  ops::check(o.sampling);
  backend_type b(backend_options(o.common));
  const std::unique_ptr<model_type> model = load_model(b, o.model);
  const text::tokenizer tokenizer = load_tokenizer(o.model, model->config);
  const std::vector<std::int32_t> ids = prompt_ids(tokenizer, o.prompt);
  text::detokenizer_state detokenizer;
  for (const std::int32_t id : ids) show(tokenizer.push(detokenizer, id));

  const random_stream numbers{o.seed, stream_of("generate")};
  const std::unique_ptr<token_generator> running = make_generator(b, *model);
  const auto start = std::chrono::steady_clock::now();
  if (o.max_tokens > 0) running->take(ids);
  const std::vector<std::int32_t>& begin = tokenizer.post_processor().prefix();
  std::int64_t count = 0;
  for (; count < o.max_tokens; ++count) {
    const std::int32_t id = running->choose(o.sampling, numbers, static_cast<std::uint64_t>(count));
    // Models trained on documents laid end to end close one by beginning the next.
    const bool is_begin = !begin.empty() && id == begin.front();
    if (is_begin || is_end(*model, id) || id == tokenizer.eos_id()) break;
    show(tokenizer.push(detokenizer, id));
    if (count + 1 < o.max_tokens) running->take({&id, 1});
  }
  show(tokenizer.finish(detokenizer) + "\n");
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  message("{} tokens in {:.2f} s, {:.0f} tokens/s; the state holds {} bytes\n", count,
          taken.count(), static_cast<double>(count) / taken.count(), running->state_bytes());
}

}  // namespace

void add_generate(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "generate", "Continue a text token by token; prints the prompt and what follows it");
  const auto o = std::make_shared<generate_options>();
  command->add_option("--model", o->model, "model directory")->required();
  command->add_option("--prompt", o->prompt,
                      "text to continue; may be empty where the tokenizer has a begin token");
  add_number(*command, "--max-tokens", o->max_tokens, "tokens to add at most", 0);
  add_number(*command, "--temperature", o->sampling.temperature,
             "divides the logits; 0 takes the greatest");
  add_number(*command, "--top-p", o->sampling.top_p,
             "share of probability kept, most probable tokens first");
  add_number(*command, "--seed", o->seed, "same seed, same text");
  add_common(*command, o->common);
  command->callback([o] { run(*o); });
}

}  // namespace radlads::program
