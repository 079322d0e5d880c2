// SPDX-License-Identifier: Apache-2.0
// radlads chat: a conversation in the form that the model's chat template gives it. The state stays
// from turn to turn, and only what is new goes through the model.

#include "commands.hpp"
#include "generating.hpp"
#include "loading.hpp"
#include "messages.hpp"
#include "model.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/random.hpp"
#include "radlads/text/chat_template_files.hpp"

#include <cstdint>
#include <ctime>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace radlads::program {
namespace {

struct chat_options {
  generating_options generating;
  std::string system, template_name = "default";
};

std::tm local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm result{};
  localtime_r(&now, &result);
  return result;
}

class conversation {
 public:
  conversation(backend_type& b, const model_type& model, const chat_options& o)
      : backend_(b),
        model_(model),
        options_(o.generating),
        tokenizer_(load_tokenizer(o.generating.model, model.config)),
        chat_(text::read_chat_template(o.generating.model, o.template_name)),
        ends_(end_ids(model.config, tokenizer_)),
        numbers_{o.generating.seed, stream_of("chat")} {
    if (!o.system.empty()) messages_.push_back({"system", o.system});
  }

  /// Shows the answer to a question.
  void ask(std::string question) {
    messages_.push_back({"user", std::move(question)});
    const std::string whole =
        chat_.form.render(text::chat_environment(messages_, true, chat_.special_tokens, now_));
    take(whole);
    text::detokenizer_state detokenizer;
    const answer made =
        make_answer(*running_, tokenizer_, options_, ends_, detokenizer, numbers_, index_);
    show("\n");
    written_ += made.count;
    held_ = whole + tokenizer_.decode(made.taken, false);
    messages_.push_back({"assistant", made.text});
  }

  /// Says what the conversation took.
  void sum_up() const {
    if (!running_) return;
    message("{} tokens read, {} written; the state holds {} bytes\n", read_, written_,
            running_->state_bytes());
  }

 private:
  /// Brings the state behind the text `whole`, from where it is if that is a beginning of it.
  void take(const std::string& whole) {
    std::string_view rest = whole;
    const bool goes_on = running_ && rest.starts_with(held_) && rest.size() > held_.size();
    if (goes_on) {
      rest.remove_prefix(held_.size());
    } else {
      running_ = make_generator(backend_, model_);
    }
    const std::vector<std::int32_t> ids = tokenizer_.encode(rest);
    require(!ids.empty(), "the chat template gives no text for this conversation");
    running_->take(ids);
    read_ += static_cast<std::int64_t>(ids.size());
  }

  backend_type& backend_;
  const model_type& model_;
  const generating_options& options_;
  text::tokenizer tokenizer_;
  text::model_chat chat_;
  std::vector<std::int32_t> ends_;
  random_stream numbers_;
  std::uint64_t index_ = 0;
  std::int64_t read_ = 0, written_ = 0;
  std::tm now_ = local_time();  // one date for all turns, so that a text stays a beginning
  std::vector<text::chat_message> messages_;
  std::unique_ptr<token_generator> running_;
  std::string held_;  // the text behind which the state is
};

/// The next line of standard input, UTF-8, or false at its end.
bool read_line(std::string& line, bool is_terminal) {
  if (is_terminal) write_message("> ");
  if (!std::getline(std::cin, line)) return false;
  if (line.ends_with('\r')) line.pop_back();
  require(text::invalid_utf8_offset(line) == std::string_view::npos,
          "standard input: a line is not valid UTF-8");
  return true;
}

void run(const chat_options& o) {
  check(o.generating);
  require(o.generating.max_tokens > 0, "--max-tokens is 0: there would be no answer");
  require(text::invalid_utf8_offset(o.system) == std::string_view::npos,
          "--system: the text is not valid UTF-8");
  const std::string first = read_prompt(o.generating);
  backend_type b(backend_options(o.generating.common));
  const std::unique_ptr<model_type> model = load_model(b, o.generating.model);
  conversation talk(b, *model, o);
  if (!first.empty()) talk.ask(first);
  const bool is_terminal = isatty(STDIN_FILENO) != 0;
  if (is_terminal) message("/quit or the end of the input ends the conversation.\n");
  for (std::string line; read_line(line, is_terminal) && line != "/quit";) {
    if (!line.empty()) talk.ask(line);
  }
  talk.sum_up();
}

}  // namespace

void add_chat(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "chat", "Talk with a model: each line of standard input is a question; /quit ends");
  const auto o = std::make_shared<chat_options>();
  add_generating(*command, o->generating, "a first question, before those of standard input");
  command->add_option("--system", o->system, "what the model is told before the conversation");
  command->add_option("--template", o->template_name, "which of the model's chat templates")
      ->capture_default_str();
  command->callback([o] { run(*o); });
}

}  // namespace radlads::program
