// SPDX-License-Identifier: Apache-2.0
// radlads align: step 1, every student mixer trained to match the teacher's output of its layer.

#include "commands.hpp"
#include "model.hpp"
#include "student_command.hpp"

#include <CLI/CLI.hpp>

namespace radlads::program {

void add_align(CLI::App& app) {
  add_student_command(app, "align",
                      "Step 1: draw every student mixer to the output of the teacher's attention");
}

}  // namespace radlads::program
