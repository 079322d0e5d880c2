// SPDX-License-Identifier: Apache-2.0
#pragma once
// The table of scores that convert prints: every step of a student beside its teacher.

#include "loading.hpp"
#include "model.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace radlads::program {

/// Scores on documents that training does not see.
class score_table {
 public:
  score_table(backend_type& b, teacher_model& teacher,
              std::vector<std::vector<std::int32_t>> documents)
      : backend_(b), teacher_(teacher), documents_(std::move(documents)) {}

  /// Scores a model; does nothing without documents.
  void add(const std::string& name, const model_type& model);

  /// Empty without documents.
  std::string text() const;

 private:
  void add_row(const std::string& name, std::int64_t tokens, double nats, double gap, double kl,
               double agreement);

  backend_type& backend_;
  teacher_model& teacher_;
  std::vector<std::vector<std::int32_t>> documents_;
  std::vector<std::string> rows_;
};

}  // namespace radlads::program
