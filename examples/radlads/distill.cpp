// SPDX-License-Identifier: Apache-2.0
// radlads distill: steps 2 and 2a, the student's logits trained to match the teacher's.

#include "commands.hpp"
#include "model.hpp"
#include "student_command.hpp"

#include <CLI/CLI.hpp>

namespace radlads::program {

void add_distill(CLI::App& app) {
  add_student_command(
      app, "distill",
      "Step 2: draw the student's predictions to the teacher's; with context 4096 and "
      "lr2_init, step 2a");
}

}  // namespace radlads::program
