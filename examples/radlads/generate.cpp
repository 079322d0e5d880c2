// SPDX-License-Identifier: Apache-2.0
// radlads generate: continues a text, one token at a time from the state of the ones before.

#include "commands.hpp"
#include "generating.hpp"
#include "loading.hpp"
#include "messages.hpp"
#include "model.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/random.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace radlads::program {
namespace {

/// The prompt behind what the tokenizer puts in front of a text, and nothing else.
std::vector<std::int32_t> prompt_ids(const text::tokenizer& tokenizer, std::string_view prompt) {
  std::vector<std::int32_t> ids = tokenizer.post_processor().prefix();
  const std::vector<std::int32_t> text = tokenizer.encode(prompt);
  ids.insert(ids.end(), text.begin(), text.end());
  require(!ids.empty(),
          "the prompt is empty, and the tokenizer puts no token before a text: there is "
          "nothing to continue");
  return ids;
}

void run(const generating_options& o) {
  check(o);
  const std::string prompt = read_prompt(o);
  backend_type b(backend_options(o.common));
  const std::unique_ptr<model_type> model = load_model(b, o.model);
  const text::tokenizer tokenizer = load_tokenizer(o.model, model->config);
  const std::vector<std::int32_t> ids = prompt_ids(tokenizer, prompt);
  text::detokenizer_state detokenizer;
  for (const std::int32_t id : ids) show(tokenizer.push(detokenizer, id));

  const random_stream numbers{o.seed, stream_of("generate")};
  const std::unique_ptr<token_generator> running = make_generator(b, *model);
  const auto start = std::chrono::steady_clock::now();
  if (o.max_tokens > 0) running->take(ids);
  std::uint64_t index = 0;
  const answer made = make_answer(*running, tokenizer, o, end_ids(model->config, tokenizer),
                                  detokenizer, numbers, index);
  show("\n");
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  message("{} tokens in {:.2f} s, {:.0f} tokens/s; the state holds {} bytes\n", made.count,
          taken.count(), static_cast<double>(made.count) / taken.count(), running->state_bytes());
}

}  // namespace

void add_generate(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "generate", "Continue a text token by token; prints the prompt and what follows it");
  const auto o = std::make_shared<generating_options>();
  add_generating(*command, *o, "text to continue; empty starts from the begin token");
  command->callback([o] { run(*o); });
}

}  // namespace radlads::program
