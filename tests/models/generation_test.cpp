// SPDX-License-Identifier: Apache-2.0
// Running language models: whole sequences, steps on a carried state, inference mode, batches.
#include "models/language_model_case.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace generation_test {

using B = cpu_backend;

struct generation_test : testing::Test {
  B b{cpu_options{.threads = 2, .poison = true}};

  const std::vector<std::vector<std::string>> cases{
      {"attention", "attention"},
      {"rad_rwkv7", "rad_rwkv7"},
      {"rad_rwkv6", "rad_rwkv6"},
      {"rad_rwkv7", "rad_rwkv6", "attention", "rad_rwkv7"}};

  template <class T>
  language_model<T> model_of(const std::vector<std::string>& mixers) {
    const models::config c = small_model(mixers);
    return model_at<T>(b, c, convert<T>(model_point(b, c)));
  }

  /// Logits (N, V) of ids (batch, N / batch).
  template <class T>
  std::vector<T> logits(const language_model<T>& model, const std::vector<std::int32_t>& ids,
                        std::int64_t batch, typename language_model<T>::state* state = nullptr,
                        bool is_training = false) {
    typename language_model<T>::saved saved;
    saved.layers.is_training = is_training;
    const auto count = static_cast<std::int64_t>(ids.size());
    model.forward(b, {ids.data(), {batch, count / batch}}, state, saved);
    tensor<T, 2, B> out(b, {count, model.config.vocabulary});
    model.logits(b, saved, out);
    return values_of(out);
  }

  template <class T>
  void check_steps(const std::vector<std::string>& mixers) {
    const auto model = model_of<T>(mixers);
    const std::vector<std::int32_t> ids = some_ids(21);
    const std::vector<T> whole = logits(model, ids, 1);
    auto state = model.make_state(b, 1);
    for (std::size_t t = 0; t < ids.size(); ++t) {
      const std::vector<T> one = logits(model, {ids[t]}, 1, &state);
      const auto begin = whole.begin() + static_cast<std::ptrdiff_t>(t) * 13;
      const std::vector<T> expected(begin, begin + 13);
      EXPECT_LT(relative_error(one, expected), order_tolerance<T>) << mixers[0] << " at " << t;
      EXPECT_EQ(std::max_element(one.begin(), one.end()) - one.begin(),
                std::max_element(expected.begin(), expected.end()) - expected.begin());
    }
  }
};

TEST_F(generation_test, token_by_token_is_the_whole_sequence) {
  for (const auto& mixers : cases) {
    check_steps<double>(mixers);
    check_steps<float>(mixers);
  }
}

TEST_F(generation_test, a_prompt_at_once_and_then_steps) {
  for (const auto& mixers : cases) {
    const auto model = model_of<double>(mixers);
    const std::vector<std::int32_t> ids = some_ids(20);
    const auto whole = logits(model, ids, 1);
    auto state = model.make_state(b, 1);
    logits(model, {ids.begin(), ids.begin() + 18}, 1, &state);
    logits(model, {ids[18]}, 1, &state);
    const auto last = logits(model, {ids[19]}, 1, &state);
    EXPECT_LT(relative_error(last, std::vector<double>(whole.end() - 13, whole.end())),
              order_tolerance<double>);
  }
}

TEST_F(generation_test, inference_changes_no_bit) {
  for (const auto& mixers : cases) {
    const auto model = model_of<float>(mixers);
    const std::vector<std::int32_t> ids = some_ids(24);
    EXPECT_EQ(logits(model, ids, 2, nullptr, true), logits(model, ids, 2)) << mixers[0];
  }
}

TEST_F(generation_test, results_do_not_depend_on_the_number_of_threads) {
  B single({.threads = 1, .poison = true});
  for (const auto& mixers : cases) {
    const auto model = model_of<float>(mixers);
    const models::config c = small_model(mixers);
    const auto alone = model_at<float>(single, c, values_by_name<float>(model.weights));
    const std::vector<std::int32_t> ids = some_ids(36);
    language_model<float>::saved saved;
    alone.forward(single, {ids.data(), {3, 12}}, nullptr, saved);
    tensor<float, 2, B> out(single, {36, 13});
    alone.logits(single, saved, out);
    EXPECT_EQ(values_of(out), logits(model, ids, 3)) << mixers[0];
  }
}

TEST_F(generation_test, sequences_of_a_batch_do_not_meet) {
  for (const auto& mixers : cases) {
    const auto model = model_of<double>(mixers);
    const std::vector<std::int32_t> ids = some_ids(20);
    const std::vector<std::int32_t> first(ids.begin(), ids.begin() + 10),
        second(ids.begin() + 10, ids.end());
    std::vector<std::int32_t> swapped = second;
    swapped.insert(swapped.end(), first.begin(), first.end());
    std::vector<double> expected = logits(model, second, 1);
    const auto rest = logits(model, first, 1);
    expected.insert(expected.end(), rest.begin(), rest.end());
    EXPECT_LT(relative_error(logits(model, swapped, 2), expected), order_tolerance<double>);
  }
}

TEST_F(generation_test, tokens_do_not_see_what_follows) {
  for (const auto& mixers : cases) {
    const auto model = model_of<double>(mixers);
    std::vector<std::int32_t> ids = some_ids(12);
    const auto before = logits(model, ids, 1);
    ids.back() = (ids.back() + 1) % 13;
    const auto after = logits(model, ids, 1);
    EXPECT_TRUE(std::equal(before.begin(), before.end() - 13, after.begin())) << mixers[0];
    EXPECT_FALSE(std::equal(before.end() - 13, before.end(), after.end() - 13)) << mixers[0];
  }
}

TEST_F(generation_test, only_attentions_state_grows) {
  const auto attention = model_of<float>({"attention", "attention"});
  auto cache = attention.make_state(b, 3);
  EXPECT_EQ(cache.bytes(), 0);
  logits(attention, some_ids(15), 3, &cache);
  // Two layers, keys and values, 3 sequences of 5 tokens, 2 heads of 4 floats.
  EXPECT_EQ(cache.bytes(), 2 * 2 * 3 * 5 * 2 * 4 * 4);

  const auto recurrent = model_of<float>({"rad_rwkv7", "rad_rwkv6"});
  auto state = recurrent.make_state(b, 3);
  // 3 sequences of 4 heads of 4 x 4 floats each; RAD-RWKV6 adds its last token of width 10.
  const std::int64_t expected = 2 * 3 * 4 * 16 * 4 + 3 * 10 * 4;
  EXPECT_EQ(state.bytes(), expected);
  logits(recurrent, some_ids(15), 3, &state);
  EXPECT_EQ(state.bytes(), expected);
}

TEST_F(generation_test, captured_activations_are_those_of_a_whole_forward) {
  for (const auto& mixers : cases) {
    const auto model = model_of<float>(mixers);
    const std::vector<std::int32_t> ids = some_ids(14);
    const view<const std::int32_t, 2> id_view(ids.data(), {2, 7});
    language_model<float>::saved whole, captured;
    whole.layers.is_training = true;
    model.forward(b, id_view, nullptr, whole);
    model.forward_captured(b, id_view, captured);
    ASSERT_EQ(captured.layers.captured.size(), mixers.size());
    for (std::size_t i = 0; i < mixers.size(); ++i) {
      EXPECT_EQ(values_of(captured.layers.captured[i].input),
                values_of(whole.layers.captured[i].input))
          << i;
      EXPECT_EQ(values_of(captured.layers.captured[i].output),
                values_of(whole.layers.captured[i].output))
          << i;
    }
  }
}

}  // namespace generation_test
}  // namespace radlads::test
