// SPDX-License-Identifier: Apache-2.0
// A generator's logits are those of the whole sequence.
#include "models/language_model_case.hpp"
#include "radlads/models/generator.hpp"
#include "reference/sampling.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace radlads::test {
namespace generator_test {

using model = language_model<double>;

struct generator : testing::Test {
  cpu_backend b{cpu_options{.threads = 1, .poison = true}};

  model model_of(const std::vector<std::string>& mixers) {
    const models::config c = small_model(mixers);
    return model_at(b, c, model_point(b, c));
  }
  /// Logits behind the last of ids (batch, N / batch).
  std::vector<double> whole(const model& m, const std::vector<std::int32_t>& ids,
                            std::int64_t batch) {
    model::saved saved;
    const auto count = static_cast<std::int64_t>(ids.size());
    m.forward(b, {ids.data(), {batch, count / batch}}, nullptr, saved);
    tensor<double, 2, cpu_backend> out(b, {count, m.config.vocabulary});
    m.logits(b, saved, out);
    std::vector<double> last;
    for (std::int64_t row = count / batch - 1; row < count; row += count / batch)
      last.insert(last.end(), out.whole().row(row), out.whole().row(row) + m.config.vocabulary);
    return last;
  }
};

TEST_F(generator, takes_a_prompt_and_then_tokens) {
  for (const std::string mixer : {"attention", "rad_rwkv7", "rad_rwkv6"}) {
    const model m = model_of({mixer, mixer});
    const std::vector<std::int32_t> ids = some_ids(12);
    models::generator<model> running(b, m);
    std::size_t given = 0;
    for (const std::size_t count : {5, 1, 1, 4, 1}) {
      running.take({ids.data() + given, count});
      const auto found = running.logits();
      given += count;
      const std::vector<std::int32_t> so_far(ids.begin(),
                                             ids.begin() + static_cast<std::ptrdiff_t>(given));
      EXPECT_LT(
          relative_error(std::vector<double>(found.begin(), found.end()), whole(m, so_far, 1)),
          order_tolerance<double>)
          << mixer << " behind " << given;
    }
    EXPECT_EQ(running.taken(), 12);
  }
}

TEST_F(generator, keeps_sequences_apart) {
  const model m = model_of({"rad_rwkv7", "rad_rwkv6", "attention"});
  const std::vector<std::int32_t> first{1, 2, 3, 4}, second{7, 5, 6, 2};
  models::generator<model> running(b, m, 2);
  running.take(std::vector<std::int32_t>{1, 2, 7, 5});
  running.take(std::vector<std::int32_t>{3, 6});
  running.take(std::vector<std::int32_t>{4, 2});
  const auto found = running.logits();
  std::vector<std::int32_t> all = first;
  all.insert(all.end(), second.begin(), second.end());
  EXPECT_LT(relative_error(std::vector<double>(found.begin(), found.end()), whole(m, all, 2)),
            order_tolerance<double>);
}

TEST_F(generator, refuses_what_it_cannot_take) {
  const model m = model_of({"rad_rwkv7"});
  models::generator<model> running(b, m, 2);
  EXPECT_EQ(error_of([&] { running.take({}); }),
            "generator: 0 tokens for 2 sequences of one length");
  EXPECT_EQ(error_of([&] {
              running.take(std::vector<std::int32_t>{1, 2, 3});
            }),
            "generator: 3 tokens for 2 sequences of one length");
  EXPECT_EQ(error_of([&] {
              running.take(std::vector<std::int32_t>{1, 13});
            }),
            "generator: the token number at position 1 is 13, expected one of a vocabulary of 13");
  EXPECT_EQ(running.taken(), 0);
  EXPECT_EQ(error_of([&] { models::generator<model> none(b, m, 0); }),
            "generator: the batch is 0, expected 1 or more");
  EXPECT_EQ(error_of([&] { models::generator<model> none(b, m, 1, 0); }),
            "generator: parts of 0 tokens, expected 1 or more");
}

TEST_F(generator, a_prompt_in_parts_has_the_logits_of_the_whole) {
  for (const std::string mixer : {"attention", "rad_rwkv7", "rad_rwkv6"}) {
    const model m = model_of({mixer, mixer});
    // One part, one and a token, more than two and a last one of a single token.
    for (const std::int64_t count : {6, 7, 8, 20}) {
      const std::vector<std::int32_t> ids = some_ids(2 * count);
      models::generator<model> running(b, m, 2, 6);
      running.take(ids);
      EXPECT_EQ(running.taken(), count);
      const auto found = running.logits();
      EXPECT_LT(relative_error(std::vector<double>(found.begin(), found.end()), whole(m, ids, 2)),
                order_tolerance<double>)
          << mixer << " behind " << count;
    }
  }
}

TEST_F(generator, memory_is_by_part_not_by_prompt) {
  const model m = model_of({"rad_rwkv7", "rad_rwkv6"});
  const auto peak_of = [&](std::int64_t count) {
    cpu_backend own(cpu_options{.threads = 1});
    const model copy = model_at(own, m.config, model_point(own, m.config));
    models::generator<model> running(own, copy, 1, 32);
    running.take(some_ids(count));
    return own.peak_bytes();
  };
  const std::size_t one = peak_of(33);
  EXPECT_EQ(peak_of(160), one);
  // Activations of a part are what is in memory: half a part takes less.
  EXPECT_LT(peak_of(16), one);
}

TEST_F(generator, chooses_from_its_own_logits) {
  const model m = model_of({"rad_rwkv7"});
  models::generator<model> running(b, m, 2);
  EXPECT_EQ(error_of([&] { running.logits(); }),
            "generator: nothing comes next before the first token");
  EXPECT_EQ(error_of([&] {
              running.choose({}, {1, 2}, 0);
            }),
            "generator: nothing comes next before the first token");
  running.take(std::vector<std::int32_t>{1, 2, 7, 5});
  const std::vector<double> logits(running.logits().begin(), running.logits().end());
  const auto greatest = [&](std::ptrdiff_t row) {
    const auto first = logits.begin() + 13 * row;
    return static_cast<std::int32_t>(std::max_element(first, first + 13) - first);
  };
  const std::vector<std::int32_t> expected{greatest(0), greatest(1)};
  const auto greedy = running.choose({.temperature = 0}, {1, 2}, 0);
  EXPECT_EQ(std::vector<std::int32_t>(greedy.begin(), greedy.end()), expected);
  // Numbers go by index and sequence.
  for (std::uint64_t i = 0; i < 20; ++i) {
    const auto found = running.choose({.temperature = 2}, {1, 2}, i);
    for (std::size_t n = 0; n < 2; ++n) {
      const std::vector<double> row(logits.begin() + 13 * static_cast<std::ptrdiff_t>(n),
                                    logits.begin() + 13 * static_cast<std::ptrdiff_t>(n + 1));
      EXPECT_EQ(found[n], reference::sampled_token(row, {}, {.temperature = 2},
                                                   random_stream{1, 2}.uniform(2 * i + n)));
    }
  }
}

TEST_F(generator, penalises_every_token_taken) {
  const model m = model_of({"attention"});
  models::generator<model> running(b, m);
  // All but token 11, in a prompt and by themselves: a penalty beyond measure leaves that alone,
  // because logits of the others become 0 or hugely negative, unless its own is negative.
  running.take(std::vector<std::int32_t>{0, 1, 2, 3, 4, 5, 6, 7, 8});
  for (const std::int32_t id : {9, 10, 12}) running.take({&id, 1});
  const std::vector<double> logits(running.logits().begin(), running.logits().end());
  std::vector<std::uint8_t> seen(13, 1);
  seen[11] = 0;
  for (const double penalty : {1.5, 0.5, 1e6}) {
    const reference::sampling same{.temperature = 0, .penalty = penalty};
    EXPECT_EQ(running.choose({.temperature = 0, .repetition_penalty = penalty}, {1, 2}, 0)[0],
              reference::sampled_token(logits, seen, same, 0));
  }
}

TEST_F(generator, logits_without_a_choice_are_refused) {
  model m = model_of({"rad_rwkv7"});
  m.weights.norm.data()[0] = std::numeric_limits<double>::quiet_NaN();
  models::generator<model> running(b, m);
  running.take(std::vector<std::int32_t>{1});
  EXPECT_EQ(error_of([&] { running.choose({}, {1, 2}, 0); }), "sample: logit 0 of 13 is NaN");
}

}  // namespace generator_test
}  // namespace radlads::test
