// SPDX-License-Identifier: Apache-2.0
#include "generation_tests.hpp"
#include "prompt_writer.hpp"
#include "radlads/evaluate/answers.hpp"

#include <string>
#include <vector>

namespace radlads::program {

std::vector<evaluate::task_result> run_written_task(const generation_subject& subject,
                                                    const std::string& name,
                                                    const evaluate::task_documents& set) {
  prompt_writer w(subject);
  std::vector<evaluate::task_result> results;
  for (const auto& [part, asked] : set.parts) {
    const std::vector<std::string> answers = answers_to(w, name, set.kind, asked);
    results.push_back(evaluate::answer_result(name, set.kind, asked, answers));
  }
  return results;
}

}  // namespace radlads::program
