// SPDX-License-Identifier: Apache-2.0
// Texts of a generator whose next token is known, and of a model against its own probabilities.
#include "models/language_model_case.hpp"
#include "radlads/evaluate/generation.hpp"
#include "radlads/evaluate/loglikelihood.hpp"
#include "radlads/models/generator.hpp"
#include "support/temporary_directory.hpp"
#include "text/small_tokenizer.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace radlads::test {
namespace generation_test {

using ids = std::vector<std::int32_t>;

/// Writes the ids of a text, whatever it has taken; counts what it takes.
struct recital {
  ids text;
  ids taken = {};
  std::size_t chosen = 0;

  void take(std::span<const std::int32_t> more) {
    taken.insert(taken.end(), more.begin(), more.end());
  }
  std::int32_t choose(const ops::sampling_options& o, random_stream, std::uint64_t index) {
    EXPECT_EQ(o.temperature, 0);
    EXPECT_EQ(index, chosen);
    return text.at(chosen++);
  }
};

TEST(generation, a_text_ends_before_its_end_and_with_the_last_token) {
  recital g{{5, 6, 7, 2, 9}};
  EXPECT_EQ(evaluate::continue_ids(g, ids{1, 3}, {.max_tokens = 9, .ends = {8, 2}}),
            (ids{5, 6, 7}));
  EXPECT_EQ(g.taken, (ids{1, 3, 5, 6, 7}));
  recital short_one{{5, 6, 7, 2, 9}};
  EXPECT_EQ(evaluate::continue_ids(short_one, ids{1}, {.max_tokens = 2}), (ids{5, 6}));
  EXPECT_EQ(short_one.taken, (ids{1, 5}));
  recital none{{5}};
  EXPECT_TRUE(evaluate::continue_ids(none, ids{1}, {.max_tokens = 0}).empty());
  EXPECT_TRUE(none.taken.empty());
}

TEST(generation, texts_part_at_the_first_other_token) {
  const auto same = [](const ids& own, const ids& other) {
    recital g{own};
    return evaluate::ids_until_divergence(g, ids{1}, other);
  };
  EXPECT_EQ(same({5, 6, 7}, {5, 6, 7}), 3);
  EXPECT_EQ(same({5, 6, 8, 7}, {5, 6, 7, 7}), 2);
  EXPECT_EQ(same({4}, {5}), 0);
  EXPECT_EQ(same({4}, {}), 0);
}

TEST(generation, repeated_share_counts_what_stood_before) {
  EXPECT_EQ(evaluate::repeated_share(ids{1, 2, 3}), 0);
  EXPECT_EQ(evaluate::repeated_share(ids{1, 2, 3, 4, 5, 6}), 0);
  EXPECT_NEAR(evaluate::repeated_share(ids{1, 1, 1, 1, 1, 1}), 2.0 / 3, 1e-15);
  EXPECT_NEAR(evaluate::repeated_share(ids{1, 2, 1, 2, 1}, 2), 0.5, 1e-15);
  ids many;
  for (int i = 0; i < 500; ++i) many.push_back(i * i % 7 + i * i * i % 5);
  std::multiset<std::string> grams;
  int again = 0;
  for (std::size_t i = 0; i + 4 <= many.size(); ++i) {
    std::string gram;
    for (std::size_t j = i; j < i + 4; ++j) gram += std::to_string(many[j]) + ",";
    again += grams.contains(gram) ? 1 : 0;
    grams.insert(gram);
  }
  EXPECT_GT(again, 0);
  EXPECT_NEAR(evaluate::repeated_share(many), again / static_cast<double>(grams.size()), 1e-15);
}

struct generation_texts : temporary_directory {
  text::tokenizer bytes() const {
    return text::tokenizer::load(put("tokenizer.json", small_byte_level().dump()));
  }
};

TEST_F(generation_texts, a_text_stops_before_the_first_stop_string) {
  const text::tokenizer t = bytes();
  const auto written = [&](const std::string& text, const std::vector<std::string>& until,
                           std::int64_t most) {
    recital g{t.encode(text)};
    return evaluate::continue_text(g, t, ids{65}, {.max_tokens = most, .ends = {263}}, until);
  };
  EXPECT_EQ(written(" -734\nnext", {"\n"}, 50), " -734");
  EXPECT_EQ(written("hello<end>", {"\n"}, 50), "hello");
  EXPECT_EQ(written("one, two", {"##", ", t", "wo"}, 50), "one");
  EXPECT_EQ(written("a☃b", {}, 2), "a\xEF\xBF\xBD");
  EXPECT_EQ(written("ab#", {"##"}, 3), "ab#");
}

using B = cpu_backend;
using model = models::language_model<double, B, layers::attention_mixer, layers::rad_rwkv7_mixer>;

TEST(generation, a_models_text_is_its_first_choice_at_each_place) {
  B b{cpu_options{.threads = 1}};
  const models::config c = small_model({"rad_rwkv7", "attention"});
  model m;
  m.build(b, c);
  set_by_name(model_point(b, c), m.weights);
  const ids prompt{3, 1, 4};
  models::generator<model> g(b, m), again(b, m);
  const ids text = evaluate::continue_ids(g, prompt, {.max_tokens = 12});
  ASSERT_EQ(text.size(), 12u);
  EXPECT_EQ(evaluate::ids_until_divergence(again, prompt, text), 12);
  std::vector<evaluate::request> requests{{prompt, text}};
  for (std::size_t i = 0; i < text.size(); ++i) {
    evaluate::request other{prompt, ids(text.begin(), text.begin() + static_cast<int>(i) + 1)};
    other.continuation[i] = (other.continuation[i] + 1) % static_cast<int>(c.vocabulary);
    requests.push_back(other);
  }
  const auto found = evaluate::likelihood_scorer<model>(m)(b, requests);
  EXPECT_TRUE(found[0].is_greedy);
  for (std::size_t i = 1; i < found.size(); ++i) EXPECT_FALSE(found[i].is_greedy) << i;
  ids parted = text;
  parted[7] = (parted[7] + 1) % static_cast<int>(c.vocabulary);
  models::generator<model> third(b, m);
  EXPECT_EQ(evaluate::ids_until_divergence(third, prompt, parted), 7);
}

}  // namespace generation_test
}  // namespace radlads::test
