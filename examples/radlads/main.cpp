// SPDX-License-Identifier: Apache-2.0
// The program radlads: softmax transformers into linear-attention models, and everything around it.

#include "command_names.hpp"
#include "commands.hpp"
#include "device_program.hpp"
#include "interruption.hpp"
#include "messages.hpp"
#include "options.hpp"
#include "radlads/convert/observer.hpp"
#include "radlads/version.hpp"
#include "ranks.hpp"
#include "standard_streams.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <new>
#include <sstream>
#include <string>
#include <vector>

namespace {

/// A message on one line: some of CLI11's have several.
std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

void add_commands(CLI::App& app) {
  using namespace radlads::program;
  add_inspect(app);
  add_tokenizer(app);
  add_tokenize(app);
  add_train(app);
  add_transfer(app);
  add_align(app);
  add_distill(app);
  add_extend(app);
  add_convert(app);
  add_eval(app);
  add_logits(app);
  add_generate(app);
  add_chat(app);
  add_export(app);
}

/// Options whose value is a text, which may be empty.
const std::vector<std::string> text_options{"--prompt", "--system"};

void run_command(CLI::App& app, int argc, char** argv) {
  using namespace radlads::program;
  add_commands(app);
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  require_command(app, arguments);
  ranks().join(arguments.front());
  refuse_empty_values(app, arguments, text_options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    std::ostringstream text;
    app.exit(success, text, text);
    write_output(text.str());
  } catch (const CLI::RequiredError& problem) {
    const std::string unknown = unknown_of(app);
    throw CLI::ValidationError(problem.what() + (unknown.empty() ? "" : "; " + unknown));
  } catch (const CLI::ExtrasError& problem) {
    const std::string unknown = unknown_of(app);
    throw CLI::ValidationError(unknown.empty() ? problem.what() : unknown);
  }
  flush_output();
}

constexpr int exit_failure = 1;
constexpr int exit_usage = 2;
constexpr int exit_signal = 128;  // and the signal's number, as a shell reports it

/// Ends a program that failed: with the ranks it has, or by this exit status.
int fail_with(int status, const std::string& text) {
  if (radlads::program::ranks().size() > 1) radlads::program::ranks().abort(status, text);
  radlads::program::message("radlads: {}\n", text);
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  using radlads::program::message;
  CLI::App app(
      "Turns softmax transformers into linear-attention models (RADLADS, arXiv 2505.03005).",
      "radlads");
  app.set_version_flag("--version", fmt::format("radlads {}.{}.{}", radlads::version_major,
                                                radlads::version_minor, radlads::version_patch));
  app.footer(
      "Numbers may be written 20000000, 20_000_000, 2e7 or 20M.\n"
      "Exit status: 0 done, 1 failed, 2 wrong usage; 129, 130 or 143 when SIGHUP, SIGINT or "
      "SIGTERM\n"
      "stopped a run, which is saved then: the same command continues.");
  app.require_subcommand(1);
  try {
    radlads::program::prepare_standard_streams();
    radlads::program::become_device_program(argc, argv);
    run_command(app, argc, argv);
    radlads::program::ranks().leave();
  } catch (const CLI::ParseError& problem) {
    return fail_with(exit_usage, one_line(problem.what()));
  } catch (const radlads::convert::interrupted& stop) {
    message("radlads: {}\n", stop.what());
    radlads::program::ranks().leave();
    return exit_signal + radlads::program::stopping_signal();
  } catch (const std::bad_alloc&) {
    return fail_with(exit_failure, "the host has no more memory");
  } catch (const std::exception& problem) {
    return fail_with(exit_failure, problem.what());
  }
  return 0;
}
