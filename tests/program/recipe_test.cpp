// SPDX-License-Identifier: Apache-2.0
// What is chosen for teachers of known sizes is what their recipes say; what is given stays.

#include "radlads/convert/settings_text.hpp"
#include "recipe.hpp"
#include "settings.hpp"

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace radlads::program {
namespace recipe_test {

const std::vector<std::string> both{"align", "distill"};
constexpr std::int64_t stories_260k = 260'032, smollm2_135m = 134'515'008, qwen2_7b = 7'615'616'512;

/// Settings by size, read back from a recipe beside them.
settings chosen(std::int64_t parameters, std::int64_t text_tokens) {
  settings values;
  choose_by_size(values, both, parameters, text_tokens);
  return values;
}

settings of_recipe(const std::string& name) {
  CLI::App app;
  settings_options options;
  options.files = {RADLADS_SOURCE_DIR "/examples/recipes/" + name};
  return read_settings(app, options, both);
}

void expect_same(const stage_settings& found, const stage_settings& expected) {
  EXPECT_EQ(found.tokens, expected.tokens);
  EXPECT_EQ(found.batch, expected.batch);
  EXPECT_EQ(found.context, expected.context);
  EXPECT_EQ(found.lr_init, expected.lr_init);
  EXPECT_EQ(found.lr_final, expected.lr_final);
  EXPECT_EQ(found.lr2_init, expected.lr2_init);
  EXPECT_EQ(found.lr2_final, expected.lr2_final);
}

TEST(recipe_test, known_sizes_have_their_recipes) {
  const std::int64_t long_text = 1'000'000'000;
  for (const auto& [parameters, recipe] :
       {std::pair(stories_260k, "small.yaml"), std::pair(smollm2_135m, "smollm2.yaml"),
        std::pair(qwen2_7b, "paper.yaml")}) {
    SCOPED_TRACE(recipe);
    const settings found = chosen(parameters, long_text), expected = of_recipe(recipe);
    expect_same(found.align, expected.align);
    expect_same(found.distill, expected.distill);
  }
}

TEST(recipe_test, a_small_teacher_has_the_settings_without_a_choice) {
  // 881,475 tokens: the stories of docs/conversion.md.
  const settings found = chosen(stories_260k, 881'475), usual;
  EXPECT_EQ(convert::settings_text(found, both), convert::settings_text(usual, both));
}

TEST(recipe_test, between_known_sizes_values_lie_between) {
  // 27 million: 0.6719 of the way from 1 to 135 million in logarithms, worked out by hand.
  const stage_choice small = choice_by_size("distill", 27'000'000);
  EXPECT_EQ(small.tokens, 42'000'000);
  EXPECT_EQ(small.batch, 48);
  EXPECT_EQ(small.rate, 4.9e-4);
  EXPECT_EQ(small.mixer_rate, 1.4e-3);
  double rate = 1;
  std::int64_t tokens = 0;
  for (std::int64_t parameters = 100'000; parameters < 100'000'000'000; parameters *= 2) {
    const stage_choice each = choice_by_size("distill", parameters);
    EXPECT_LE(each.rate, rate) << parameters;
    EXPECT_GE(each.mixer_rate, each.rate) << parameters;
    EXPECT_GE(each.tokens, tokens) << parameters;
    EXPECT_EQ(each.batch % 8, 0) << parameters;
    rate = each.rate;
    tokens = each.tokens;
  }
}

TEST(recipe_test, a_short_text_has_fewer_tokens) {
  EXPECT_EQ(chosen(stories_260k, 400'000).align.tokens, 10'000'000);  // 25 passes
  EXPECT_EQ(chosen(stories_260k, 8'000).align.tokens, 100 * 32 * 512);
  EXPECT_EQ(chosen(smollm2_135m, 1).distill.tokens, 100 * 64 * 512);
  EXPECT_EQ(chosen(stories_260k, INT64_MAX).distill.tokens, 20'000'000);
}

TEST(recipe_test, what_is_given_stays) {
  settings values;
  values.distill.tokens = 5;
  values.distill.lr_init = 0.25;
  values.align.batch = 3;
  values.align.lr_final = 0.5;
  values.given = {"distill.tokens", "distill.lr_init", "align.batch", "align.lr_final"};
  const std::vector<std::string> lines = choose_by_size(values, both, smollm2_135m, 1 << 20);
  EXPECT_EQ(values.distill.tokens, 5);
  EXPECT_EQ(values.distill.lr_init, 0.25);
  EXPECT_FALSE(values.distill.lr2_init);  // one rate given is the rate of all
  EXPECT_EQ(values.distill.batch, 64);
  EXPECT_EQ(values.align.batch, 3);
  EXPECT_EQ(values.align.lr_final, 0.5);
  EXPECT_EQ(values.align.tokens, 16'000'000);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_NE(lines[0].find("135 million parameters"), std::string::npos) << lines[0];
  EXPECT_NE(lines[1].find("align: 16000000 tokens, 3 x 512 a step"), std::string::npos) << lines[1];
}

TEST(recipe_test, the_lines_say_why_tokens_are_few) {
  settings values;
  const std::vector<std::string> lines = choose_by_size(values, both, smollm2_135m, 1000);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_NE(lines[3].find("the text has 1000 tokens"), std::string::npos) << lines[3];
  settings planned;
  const std::vector<std::string> dry = choose_by_size(planned, both, smollm2_135m, std::nullopt);
  EXPECT_EQ(planned.align.tokens, 16'000'000);
  EXPECT_NE(dry.back().find("does not read the text"), std::string::npos) << dry.back();
}

}  // namespace recipe_test
}  // namespace radlads::program
