// SPDX-License-Identifier: Apache-2.0
// Fifty made documents of every named set, without examples and with three, under two tokenizers:
// requests and figures against what lm-eval 0.4.13 made of the same rows. Its model gave each
// request a probability by the hash of its ids, as this test does. data/lm_eval_documents.json has
// a hash for each document, over the ids of its requests under both tokenizers, and each figure
// with its standard error.
#include "evaluate/made_documents.hpp"
#include "radlads/evaluate/request.hpp"
#include "radlads/evaluate/results.hpp"
#include "radlads/evaluate/task_file.hpp"
#include "radlads/text/encoder.hpp"
#include "radlads/text/tokenizer.hpp"
#include "support/temporary_directory.hpp"
#include "text/small_tokenizer.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

namespace radlads::evaluate {
namespace {

constexpr int document_count = 50, example_count = 24;

/// FNV-1a of the ids' bytes, context and continuation apart by four bytes of ones.
std::uint64_t hash_of(const request& r, std::uint64_t hash) {
  const auto add = [&](std::int32_t id) {
    const auto bits = static_cast<std::uint32_t>(id);
    for (int shift = 0; shift < 32; shift += 8)
      hash = (hash ^ ((bits >> shift) & 0xFF)) * fnv_prime;
  };
  for (const std::int32_t id : r.context) add(id);
  add(-1);
  for (const std::int32_t id : r.continuation) add(id);
  return hash;
}

/// One of 97 values, so that some are equal.
likelihood made_likelihood(const request& r) {
  const std::uint64_t hash = hash_of(r, fnv_offset);
  return {-(static_cast<double>(hash % 97) + 1) / 8, (hash >> 40) % 3 == 0};
}

struct lm_eval_documents : test::temporary_directory {
  lm_eval_documents()
      : expected_(
            files::read_json(RADLADS_SOURCE_DIR "/tests/evaluate/data/lm_eval_documents.json")) {
    tokenizers_.push_back(
        text::tokenizer::load(put("bytes.json", test::small_byte_level().dump())));
    tokenizers_.push_back(
        text::tokenizer::load(put("begin.json", test::small_byte_fallback().dump())));
  }

  task_documents made(const std::string& name, std::size_t shots) const {
    put(name + ".jsonl", test::made_lines(name, name, document_count));
    put(name + ".fewshot.jsonl", test::made_lines(name, name + " examples", example_count));
    return read_task(directory_, name, shots);
  }

  /// The requests of all documents under one of the tokenizers.
  std::vector<request> requests(const task_documents& set, std::size_t tokenizer) const {
    const std::int32_t prefix = tokenizer == 0 ? 263 : 1;
    text::encoder encoder(tokenizers_[tokenizer]);
    std::vector<request> all;
    for (const scored_text& text : all_options(set)) {
      all.push_back(encode_request(
          text, [&](const std::string& s) { return encoder.encode_document(s); },
          [&](const std::string& s) { return encoder.encode(s); }, prefix));
    }
    return all;
  }

  files::json expected_;
  std::vector<text::tokenizer> tokenizers_;
};

/// A hash for each document over its requests in `lists`, which hold the same texts.
std::vector<std::string> hashes_of(const task_documents& set,
                                   const std::vector<std::vector<request>>& lists) {
  std::vector<std::string> hashes;
  std::size_t first = 0;
  for (const auto& [part, documents] : set.parts) {
    for (const document& d : documents) {
      std::uint64_t hash = fnv_offset;
      for (const std::vector<request>& list : lists) {
        for (std::size_t i = 0; i < d.options.size(); ++i) hash = hash_of(list[first + i], hash);
      }
      first += d.options.size();
      char digits[9];
      std::snprintf(digits, sizeof digits, "%08x", static_cast<unsigned>(hash >> 32));
      hashes.emplace_back(digits);
    }
  }
  return hashes;
}

/// The figures of `found` are those of lm-eval: name of a set or part to name of a figure to value
/// and standard error.
void expect_figures(const std::vector<task_result>& found, const files::json& wanted) {
  ASSERT_EQ(found.size(), wanted.size());
  for (const task_result& result : found) {
    SCOPED_TRACE(result.name);
    ASSERT_TRUE(wanted.contains(result.name));
    const files::json& figures = wanted[result.name];
    ASSERT_EQ(result.metrics.size(), figures.size());
    for (const metric& m : result.metrics) {
      ASSERT_TRUE(figures.contains(m.name)) << m.name;
      const auto value = figures[m.name][0].get<double>(), error = figures[m.name][1].get<double>();
      EXPECT_NEAR(m.value, value, 1e-12 * value) << m.name;
      // That of perplexity comes from random resamples on both sides.
      const double share = m.name == "perplexity" ? 0.05 : 1e-12;
      EXPECT_NEAR(m.standard_error.value(), error, share * error) << m.name;
    }
  }
}

TEST_F(lm_eval_documents, requests_and_figures_are_equal) {
  EXPECT_EQ(expected_.size(), named_tasks.size());
  for (const auto& [name, each] : expected_.items()) {
    for (std::size_t i = 0; i < each["hashes"].size(); ++i) {
      SCOPED_TRACE(name + " with " + std::to_string(i * 3) + " examples");
      const task_documents set = made(name, i * 3);
      EXPECT_EQ(set.shots, i * 3);
      const std::vector<std::vector<request>> lists{requests(set, 0), requests(set, 1)};
      const auto wanted = each["hashes"][i].get<std::vector<std::string>>();
      ASSERT_EQ(wanted.size(), static_cast<std::size_t>(document_count));
      EXPECT_EQ(hashes_of(set, lists), wanted);
      for (std::size_t t = 0; t < lists.size(); ++t) {
        std::vector<likelihood> scores;
        for (const request& r : lists[t]) scores.push_back(made_likelihood(r));
        const std::string key = std::to_string(i * 3) + " shots, tokenizer " + std::to_string(t);
        ASSERT_TRUE(each["metrics"].contains(key)) << key;
        expect_figures(task_results(name, set, scores), each["metrics"][key]);
      }
    }
  }
}

}  // namespace
}  // namespace radlads::evaluate
