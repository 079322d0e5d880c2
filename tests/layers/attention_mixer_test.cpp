// SPDX-License-Identifier: Apache-2.0
#include "layers/mixer_case.hpp"
#include "radlads/layers/attention_mixer.hpp"
#include "reference/attention.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace radlads::test {
namespace attention_mixer_test {

using layers::attention_mixer;
using layers::mixer_config;

mixer_config sizes(std::int64_t heads, std::int64_t kv_heads, std::int64_t head_size) {
  return attention_mixer::configure(small_mixer(heads, kv_heads, head_size), {});
}

std::vector<mixer_config> cases() {
  std::vector<mixer_config> all{sizes(2, 2, 6), sizes(4, 2, 2), sizes(3, 1, 10), sizes(1, 1, 2)};
  all[1].qk_norm = true;
  all[1].qkv_bias = false;
  all[2].output_bias = true;
  all[2].rope_base = 50;
  all[2].rope_scaling = {.kind = ops::rope_scaling_kind::linear, .factor = 2.5};
  all[3].norm_epsilon = 0.3;
  all[3].qk_norm = true;
  return all;
}

TEST(attention_mixer, gradients) {
  for (const mixer_config& c : cases()) check_mixer_gradients<attention_mixer>(c);
}

TEST(attention_mixer, contract) {
  for (const mixer_config& c : cases()) check_mixer_contract<attention_mixer>(c);
}

TEST(attention_mixer, agrees_with_the_reference) {
  for (const mixer_config& c : cases()) {
    check_against_reference<attention_mixer>(
        c, [](const auto& w, const auto& s, const auto& x, auto&) {
          return reference::attention(w, s, x);
        });
  }
}

TEST(attention_mixer, splits_change_nothing) {
  for (const mixer_config& c : cases()) check_splits<attention_mixer>(c);
}

TEST(attention_mixer, a_call_without_tokens_changes_nothing) {
  check_split<attention_mixer, double>(cases()[0], {7, 0, 12});
}

TEST(attention_mixer, the_cache_grows_past_its_first_capacity) {
  check_split<attention_mixer, double>(sizes(2, 1, 4), {60, 3, 1, 1, 70, 200, 1});
}

TEST(attention_mixer, batch_order) { check_batch_order<attention_mixer>(sizes(4, 2, 2)); }

TEST(attention_mixer, nothing) { check_nothing<attention_mixer>(sizes(4, 2, 2)); }

TEST(attention_mixer, always_rotates_whatever_the_options_of_others_say) {
  layers::mixer_options o;
  o.use_rope = false;
  EXPECT_TRUE(attention_mixer::configure(small_mixer(2, 1, 4), o).use_rope);
}

TEST(attention_mixer, the_state_counts_the_bytes_in_use) {
  cpu_backend b({.threads = 2, .poison = true});
  const mixer_config c = sizes(4, 2, 6);
  const auto point = convert<float>(mixer_point<attention_mixer>(b, c, 3, 5));
  mixer_run<attention_mixer, float> run(b, c, 3, 5, point);
  attention_mixer::state<float, cpu_backend> state;
  state.reset(b, c, 3);
  EXPECT_EQ(state.bytes(), 0);
  attention_mixer::forward<float, cpu_backend>(b, c, run.params, {run.x, run.v_first}, run.y,
                                               &state, run.saved);
  EXPECT_EQ(state.bytes(), 2 * 3 * 5 * 2 * 6 * 4);
}

TEST(attention_mixer, says_when_the_cache_belongs_to_another_batch) {
  cpu_backend b({.threads = 2, .poison = true});
  const mixer_config c = sizes(2, 1, 4);
  const auto point = convert<float>(mixer_point<attention_mixer>(b, c, 2, 1));
  mixer_run<attention_mixer, float> run(b, c, 2, 1, point);
  attention_mixer::state<float, cpu_backend> state;
  state.reset(b, c, 3);
  EXPECT_EQ(error_of([&] {
              attention_mixer::forward<float, cpu_backend>(b, c, run.params, {run.x, run.v_first},
                                                           run.y, &state, run.saved);
            }),
            "attention: the cache holds 3 sequences, the input 2");
}

TEST(attention_mixer, says_which_sizes_do_not_fit) {
  EXPECT_EQ(error_of([] { sizes(4, 3, 2); }),
            "attention: 4 heads are not a multiple of 3 key/value heads");
}

}  // namespace attention_mixer_test
}  // namespace radlads::test
