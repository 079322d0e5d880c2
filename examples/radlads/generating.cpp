// SPDX-License-Identifier: Apache-2.0
#include "generating.hpp"
#include "messages.hpp"
#include "options.hpp"
#include "radlads/core/error.hpp"
#include "radlads/files/mapped.hpp"
#include "radlads/text/unicode.hpp"

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::program {

void add_generating(CLI::App& app, generating_options& o, const std::string& prompt_help) {
  app.add_option("--model", o.model, "model directory or .gguf file")->required();
  CLI::Option* prompt = app.add_option("--prompt", o.prompt, prompt_help);
  app.add_option("--prompt-file", o.prompt_file, "the prompt as a file; - is standard input")
      ->excludes(prompt);
  add_number(app, "--max-tokens", o.max_tokens, "tokens of a text at most", 0);
  add_number(app, "--temperature", o.sampling.temperature,
             "divides the logits; 0 takes the greatest");
  add_number(app, "--top-k", o.sampling.top_k, "so many of the most probable tokens stay; 0: all");
  add_number(app, "--top-p", o.sampling.top_p,
             "share of probability kept, most probable tokens first");
  add_number(app, "--min-p", o.sampling.min_p, "least share of the greatest probability kept");
  add_number(app, "--repetition-penalty", o.sampling.repetition_penalty,
             "divides positive logits of tokens in the text, multiplies negative ones");
  add_number(app, "--seed", o.seed, "same seed, same text");
  app.add_option("--stop", o.stop, "a text that ends the answer and is not shown; repeatable")
      ->take_all()
      ->expected(1);
  add_common(app, o.common);
}

void check(const generating_options& o) {
  ops::check(o.sampling);
  for (const std::string& each : o.stop) {
    require(!each.empty(), "--stop: a stop string is empty");
    require(text::invalid_utf8_offset(each) == std::string_view::npos,
            "--stop: a stop string is not valid UTF-8");
  }
}

std::string read_prompt(const generating_options& o) {
  std::string prompt = o.prompt, place = "--prompt";
  if (o.prompt_file == "-") {
    prompt.assign(std::istreambuf_iterator<char>(std::cin), {});
    place = "standard input";
    require(!std::cin.bad(), "standard input cannot be read");
  } else if (!o.prompt_file.empty()) {
    prompt = std::string(files::mapped_file::open(o.prompt_file).text());
    place = o.prompt_file;
  }
  const std::size_t broken = text::invalid_utf8_offset(prompt);
  require(broken == std::string_view::npos, place,
          ": the prompt is not valid UTF-8 at byte offset ", broken, " of ", prompt.size());
  return prompt;
}

void show(std::string_view text) {
  write_output(text);
  flush_output();
}

std::vector<std::int32_t> end_ids(const models::config& config, const text::tokenizer& tokenizer) {
  std::vector<std::int32_t> ends = config.eos;
  if (tokenizer.eos_id()) ends.push_back(*tokenizer.eos_id());
  // Models trained on documents laid end to end close one by beginning the next.
  const std::vector<std::int32_t>& begin = tokenizer.post_processor().prefix();
  if (!begin.empty()) ends.push_back(begin.front());
  return ends;
}

answer make_answer(token_generator& running, const text::tokenizer& tokenizer,
                   const generating_options& o, const std::vector<std::int32_t>& ends,
                   text::detokenizer_state& detokenizer, random_stream numbers,
                   std::uint64_t& index) {
  answer made;
  text::stop_strings stop(o.stop);
  const auto put = [&](const std::string& text) {
    if (text.empty()) return;
    made.text += text;
    show(text);
  };
  while (made.count < o.max_tokens && !stop.has_stopped()) {
    const std::int32_t id = running.choose(o.sampling, numbers, index++);
    if (std::find(ends.begin(), ends.end(), id) != ends.end()) break;
    ++made.count;
    put(stop.push(tokenizer.push(detokenizer, id)));
    if (made.count == o.max_tokens || stop.has_stopped()) break;
    running.take({&id, 1});
    made.taken.push_back(id);
  }
  put(stop.push(tokenizer.finish(detokenizer)));
  put(stop.finish());
  return made;
}

}  // namespace radlads::program
