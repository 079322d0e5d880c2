// SPDX-License-Identifier: Apache-2.0
#include "begin_token.hpp"
#include "documents.hpp"
#include "eval_text.hpp"
#include "messages.hpp"
#include "radlads/core/error.hpp"
#include "radlads/data/token_stream.hpp"
#include "radlads/distill/evaluate.hpp"
#include "spread_scores.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace radlads::program {

namespace {

using documents = std::vector<std::vector<std::int32_t>>;

/// The ids of every document, the first `context` of them.
documents encode_documents(const eval_options& o, const text_inputs& given,
                           const text::tokenizer& tokenizer, std::optional<std::int32_t> prefix,
                           int threads) {
  const std::vector<document> texts = make_documents(given.rows(), o.model, false);
  documents result;
  const auto encode = [&](const document& text) {
    return ids_to_score(tokenizer, prefix, text, o.text_context());
  };
  try {
    const auto stream = data::token_stream::from_documents(texts, encode, threads);
    const std::vector<std::int64_t> offsets = stream.document_offsets();
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
      result.emplace_back(static_cast<std::size_t>(offsets[i + 1] - offsets[i]));
      stream.copy(offsets[i], offsets[i + 1] - offsets[i], result.back().data());
    }
  } catch (const error& problem) {
    // The tokenizer does not know where the text came from.
    fail(given.name(), ": ", problem.what());
  }
  return result;
}

/// Bytes of the text that the scored ids decode to.
std::int64_t scored_bytes(const text::tokenizer& tokenizer, const documents& all) {
  std::size_t bytes = 0;
  for (const std::vector<std::int32_t>& ids : all) {
    bytes += tokenizer.decode(std::span(ids).subspan(1)).size();
  }
  return static_cast<std::int64_t>(bytes);
}

files::json json_of(const distill::score& s, bool has_teacher) {
  files::json result = {
      {"tokens", s.tokens}, {"nats_per_token", s.per_token(s.nats)}, {"top1", s.share(s.right)}};
  if (!has_teacher) return result;
  result["kl"] = s.per_token(s.divergence);
  result["agreement"] = s.share(s.agreed);
  result["delta_nats"] = s.per_token(s.nats - s.teacher_nats);
  return result;
}

/// "128-255"; the last bucket ends with the context.
std::string bucket_name(std::size_t bucket, std::int64_t context) {
  const std::int64_t end = std::min(distill::bucket_begin(bucket + 1), context) - 1;
  return fmt::format("{}-{}", distill::bucket_begin(bucket), end);
}

files::json json_of(const distill::evaluation& e, double bits_per_byte, const eval_options& o) {
  const bool has_teacher = !o.teacher.empty();
  files::json result = json_of(e.total, has_teacher);
  result["perplexity"] = std::exp(e.total.per_token(e.total.nats));
  result["bits_per_byte"] = bits_per_byte;
  result["by_position"] = files::json::array();
  for (std::size_t i = 0; i < e.by_position.size(); ++i) {
    files::json bucket = json_of(e.by_position[i], has_teacher);
    bucket["positions"] = bucket_name(i, o.text_context());
    result["by_position"].push_back(std::move(bucket));
  }
  return result;
}

void print_row(const std::string& name, const distill::score& s, bool has_teacher) {
  print("{:>12} {:>10} {:>11.5f} {:>8.2f}", name, s.tokens, s.per_token(s.nats),
        100 * s.share(s.right));
  if (has_teacher) {
    print(" {:>11.5f} {:>9.5f} {:>9.2f}", s.per_token(s.nats - s.teacher_nats),
          s.per_token(s.divergence), 100 * s.share(s.agreed));
  }
  print("\n");
}

void print_tables(const distill::evaluation& e, double bits_per_byte, const eval_options& o) {
  const bool has_teacher = !o.teacher.empty();
  const distill::score& s = e.total;
  print("{}: {:.5f} nats/token, perplexity {:.4f}, {:.4f} bits/byte, top-1 {:.2f} %\n",
        o.model.string(), s.per_token(s.nats), std::exp(s.per_token(s.nats)), bits_per_byte,
        100 * s.share(s.right));
  if (has_teacher) {
    print("against {}: {:+.5f} nats/token, KL {:.5f}, agreement {:.2f} %\n", o.teacher.string(),
          s.per_token(s.nats - s.teacher_nats), s.per_token(s.divergence), 100 * s.share(s.agreed));
  }
  print("\n{:>12} {:>10} {:>11} {:>8}", "position", "tokens", "nats/token", "top-1 %");
  if (has_teacher) print(" {:>11} {:>9} {:>9}", "delta nats", "KL", "agree %");
  print("\n");
  for (std::size_t i = 0; i < e.by_position.size(); ++i) {
    print_row(bucket_name(i, o.text_context()), e.by_position[i], has_teacher);
  }
  print_row("all", s, has_teacher);
}

}  // namespace

files::json run_text(backend_type& b, const eval_options& o, const text_inputs& given,
                     const model_type& model, const model_type* teacher,
                     const text::tokenizer& tokenizer) {
  const documents all = encode_documents(
      o, given, tokenizer, scoring_prefix(tokenizer, model.config), host_threads(o.common));
  const distill::evaluation e = score_spread_documents(b, model, teacher, all);
  require(e.total.tokens > 0, given.name(), ": holds no token to score");
  require(std::isfinite(e.total.nats), o.model.string(), ": the loss on ", given.name(), " is ",
          e.total.nats);
  const double bits_per_byte =
      e.total.nats / std::log(2.0) / static_cast<double>(scored_bytes(tokenizer, all));
  print_tables(e, bits_per_byte, o);
  return json_of(e, bits_per_byte, o);
}

}  // namespace radlads::program
