// SPDX-License-Identifier: Apache-2.0
#include "radlads/core/error.hpp"
#include "score_table.hpp"
#include "spread_scores.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string>

namespace radlads::program {

void score_table::add(const std::string& name, const model_type& model) {
  if (documents_.empty()) return;
  const distill::score s =
      score_spread_documents(backend_, model, &teacher_.get(), documents_).total;
  require(s.tokens > 0, "the documents to score hold no tokens to predict");
  if (rows_.empty()) add_row("teacher", s.tokens, s.per_token(s.teacher_nats), 0, 0, 1);
  add_row(name, s.tokens, s.per_token(s.nats), s.per_token(s.nats - s.teacher_nats),
          s.per_token(s.divergence), s.share(s.agreed));
}

std::string score_table::text() const {
  if (rows_.empty()) return "";
  std::string table = fmt::format("{:<12} {:>10} {:>11} {:>9} {:>9} {:>9}\n", "model", "tokens",
                                  "nats/token", "gap", "KL", "agree %");
  for (const std::string& row : rows_) table += row + "\n";
  return table;
}

void score_table::add_row(const std::string& name, std::int64_t tokens, double nats, double gap,
                          double kl, double agreement) {
  rows_.push_back(fmt::format("{:<12} {:>10} {:>11.5f} {:>9.5f} {:>9.5f} {:>9.2f}", name, tokens,
                              nats, gap, kl, 100 * agreement));
}

}  // namespace radlads::program
