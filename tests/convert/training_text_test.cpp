// SPDX-License-Identifier: Apache-2.0
#include "convert/tiny_conversion.hpp"
#include "radlads/convert/training_text.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace radlads::convert {
namespace training_text_test {

class training_texts : public test::temporary_directory {
 protected:
  training_texts() {
    test::write_tiny_tokenizer(path("tokenizer"));
    text_ = test::write_text(path("text.txt"), test::tiny_text()).string();
  }

  training_text read(const text_options& options = {}, std::int64_t vocabulary = 280) {
    models::config c = test::tiny_teacher();
    c.vocabulary = vocabulary;
    return read_training_text(run_, text_inputs({text_}), path("tokenizer"), c, options);
  }

  cpu_backend b_{{.threads = 1}};
  alone ranks_;
  run_context<test::tiny_model> run_{b_, ranks_};
  std::string text_;
};

TEST_F(training_texts, documents_are_told_apart_by_one_token) {
  const text::tokenizer tokenizer = text::tokenizer::load(path("tokenizer"));
  const training_text text = read();
  std::vector<std::int32_t> ids(static_cast<std::size_t>(text.stream.size()));
  text.stream.copy(0, text.stream.size(), ids.data());
  // This tokenizer puts the token in front of a document, so none is put behind.
  EXPECT_EQ(std::count(ids.begin(), ids.end(), tokenizer.eos_id().value()), 12);
  EXPECT_EQ(ids.front(), tokenizer.eos_id().value());
  EXPECT_EQ(training_ids(tokenizer, {"a", false, {}}), tokenizer.encode_document("a"));
  EXPECT_EQ(text.tokenizer, tokenizer.fingerprint());
}

TEST_F(training_texts, every_fourth_document_is_held_out) {
  const training_text all = read(), part = read({.hold_out = 4});
  EXPECT_TRUE(all.held_out.empty());
  ASSERT_EQ(part.held_out.size(), 3u);
  EXPECT_TRUE(part.held_out[0].text.starts_with("Story 4."));
  EXPECT_LT(part.stream.size(), all.stream.size());
  EXPECT_NE(part.hash, all.hash);
}

TEST_F(training_texts, the_bytes_of_a_text_are_counted) {
  std::size_t announced = 0, last = 0;
  observer events;
  events.on_reading = [&](std::size_t bytes) {
    announced = bytes;
    return [&](std::size_t done) { last = done; };
  };
  const text::tokenizer tokenizer = text::tokenizer::load(path("tokenizer"));
  const std::vector<document> documents{{"abc", false, {}}, {"de", false, {}}};
  training_stream(tokenizer, documents, 1, "text", events);
  EXPECT_EQ(announced, 5u);
  EXPECT_EQ(last, 5u);
}

TEST_F(training_texts, scores_begin_with_the_prefix_and_end_at_the_context) {
  const text::tokenizer tokenizer = text::tokenizer::load(path("tokenizer"));
  const document cat{"The cat sat on the mat", false, {}};
  std::vector<std::int32_t> expected = tokenizer.encode_document(cat.text);
  expected.resize(4);
  EXPECT_EQ(scoring_ids(tokenizer, std::nullopt, cat, 4), expected);
  expected.insert(expected.begin(), 7);
  EXPECT_EQ(scoring_ids(tokenizer, 7, cat, 5), expected);
}

TEST_F(training_texts, rejects_a_tokenizer_larger_than_the_model) {
  EXPECT_NE(test::error_of([&] { read({}, 270); }), "");
}

TEST_F(training_texts, rejects_to_hold_out_everything) {
  EXPECT_EQ(test::error_of([&] { read({.hold_out = 1}); }).find("--hold-out is 1"), 0u);
  EXPECT_EQ(test::error_of([&] { read({.hold_out = 100}); }).find("--hold-out 100"), 0u);
}

}  // namespace training_text_test
}  // namespace radlads::convert
