// SPDX-License-Identifier: Apache-2.0
// Ids of texts to score, against lm-eval's _encode_pair and its rule for empty contexts, written in
// Python over the `tokenizers` package and two small tokenizers.
#include "radlads/evaluate/request.hpp"
#include "radlads/text/tokenizer.hpp"
#include "support/temporary_directory.hpp"
#include "text/small_tokenizer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace radlads::evaluate {
namespace {

using test::error_of;
using ids = std::vector<std::int32_t>;

struct request_case {
  std::string context, continuation;
  ids context_ids, continuation_ids;
};

struct request_test : test::temporary_directory {
  text::tokenizer tokenizer(const nlohmann::json& file) const {
    return text::tokenizer::load(put("tokenizer.json", file.dump()));
  }
};

request encoded(const text::tokenizer& tokenizer, const scored_text& text,
                std::optional<std::int32_t> prefix) {
  return encode_request(
      text, [&](const std::string& t) { return tokenizer.encode_document(t); },
      [&](const std::string& t) { return tokenizer.encode(t); }, prefix);
}

void expect_ids(const text::tokenizer& tokenizer, std::int32_t prefix,
                const std::vector<request_case>& cases) {
  for (const request_case& c : cases) {
    SCOPED_TRACE(c.context + "|" + c.continuation);
    const request found = encoded(tokenizer, {c.context, c.continuation}, prefix);
    EXPECT_EQ(found.context, c.context_ids);
    EXPECT_EQ(found.continuation, c.continuation_ids);
  }
}

TEST_F(request_test, ids_are_those_of_lm_eval_on_bytes) {
  const std::vector<request_case> cases{
      {"hello", " world", {259}, {260, 111, 114, 108, 100}},
      {"hello ", "w12", {259}, {260, 49, 50}},
      {"", " hello w", {263}, {32, 259, 260}},
      {"", "<end>hello", {263}, {259}},
      {"né w\u3000\u00a0\n", "hé", {268, 260}, {227, 128, 128, 194, 160, 10, 104, 261}},
      {"a\t", "\tb", {97}, {9, 9, 98}},
      {"hello\x1c\u0085", "12", {259}, {28, 194, 133, 49, 50}},
      {"é 1", "2 é", {261, 32, 49}, {50, 32, 261}},
      {"hello  ", " w <end>", {259}, {32, 32, 260, 32, 263}},
      {"word", "ab word", {267}, {111, 114, 100, 97, 98, 32, 267}},
      {"12", " ☃", {49, 50}, {32, 226, 152, 131}},
  };
  expect_ids(tokenizer(test::small_byte_level()), 263, cases);
}

TEST_F(request_test, ids_are_those_of_lm_eval_behind_a_begin_token) {
  const std::vector<request_case> cases{
      {"hello", " world", {1, 259, 107, 104, 111, 111, 114}, {259, 122, 114, 117, 111, 103}},
      {"hello ", "w12", {1, 259, 107, 104, 111, 111, 114}, {259, 122, 52, 53}},
      {"he", "llo", {1, 259, 107, 104}, {111, 111, 114}},
      {"", " hello w", {1}, {259, 259, 107, 104, 111, 111, 114, 259, 122}},
      {"", "<s>ab", {1}, {264}},
      {"ab ", "a b", {1, 264}, {263, 259, 261}},
      {"ab \u2003", " ab", {1, 264}, {259, 229, 131, 134, 264}},
      {"", "b ab", {1}, {259, 261, 264}},
      {"é", " é", {1, 259, 198, 172}, {259, 198, 172}},
  };
  expect_ids(tokenizer(test::small_byte_fallback()), 1, cases);
}

TEST_F(request_test, nothing_to_score_is_refused) {
  const text::tokenizer bytes = tokenizer(test::small_byte_level());
  const std::string nothing = "nothing is left to score of the continuation \"llo\"";
  EXPECT_EQ(error_of([&] { encoded(bytes, {"he", "llo"}, 263); }), nothing);
  EXPECT_EQ(error_of([&] {
              encoded(bytes, {"", ""}, 263);
            }),
            "nothing is left to score of the continuation \"\"");
  EXPECT_EQ(error_of([&] {
              encoded(bytes, {"", "<end>"}, 263);
            }),
            "nothing is left to score of the continuation \"<end>\"");
}

TEST_F(request_test, contexts_without_ids_need_a_prefix) {
  const text::tokenizer bytes = tokenizer(test::small_byte_level());
  EXPECT_EQ(
      error_of([&] {
        encoded(bytes, {"", "a"}, {});
      }),
      "a text without context needs a token that begins or ends texts; the tokenizer has none");
  EXPECT_EQ(
      error_of([&] {
        encoded(bytes, {" \n", "a"}, {});
      }),
      "a context of white space needs a token that begins or ends texts; the tokenizer has none");
  EXPECT_EQ(encoded(bytes, {" \n", "a"}, 263), (request{{263}, {32, 10, 97}}));
}

TEST(truncate, keeps_what_a_model_sees) {
  request r{{1, 2, 3, 4}, {5, 6}};
  truncate(r, 5);
  EXPECT_EQ(r, (request{{1, 2, 3, 4}, {5, 6}}));
  truncate(r, 4);
  EXPECT_EQ(r, (request{{2, 3, 4}, {5, 6}}));
  truncate(r, 2);
  EXPECT_EQ(r, (request{{4}, {5, 6}}));
  EXPECT_EQ(error_of([&] { truncate(r, 1); }),
            "a continuation of 2 tokens does not fit a context of 1");
}

}  // namespace
}  // namespace radlads::evaluate
