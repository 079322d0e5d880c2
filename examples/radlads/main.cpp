// SPDX-License-Identifier: Apache-2.0
// The program radlads: softmax transformers into linear-attention models, and everything around it.

#include "commands.hpp"
#include "device_program.hpp"
#include "interruption.hpp"
#include "radlads/version.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <exception>
#include <new>
#include <string>

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
}

constexpr int exit_failure = 1;
constexpr int exit_usage = 2;
constexpr int exit_interrupted = 130;  // what a shell reports for SIGINT

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Turns softmax transformers into linear-attention models (RADLADS, arXiv 2505.03005).",
      "radlads");
  app.set_version_flag("--version", fmt::format("radlads {}.{}.{}", radlads::version_major,
                                                radlads::version_minor, radlads::version_patch));
  app.require_subcommand(1);
  try {
    radlads::program::become_device_program(argc, argv);
    add_commands(app);
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& problem) {
    fmt::print(stderr, "radlads: {}\n", one_line(problem.what()));
    return exit_usage;
  } catch (const radlads::program::interrupted& stop) {
    fmt::print(stderr, "radlads: {}\n", stop.what());
    return exit_interrupted;
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "radlads: the host has no more memory\n");
    return exit_failure;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "radlads: {}\n", one_line(problem.what()));
    return exit_failure;
  }
  return 0;
}
