// SPDX-License-Identifier: Apache-2.0
// A trained teacher: its loss on stories of its own kind, and the text its authors' program wrote.
#include "ops/tensor_values.hpp"
#include "radlads/io/safetensors.hpp"
#include "radlads/layers/attention_mixer.hpp"
#include "radlads/models/language_model.hpp"
#include "radlads/ops/cross_entropy.hpp"
#include "radlads/text/tokenizer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <type_traits>
#include <vector>

namespace radlads::test {
namespace stories_test {

using B = cpu_backend;
using teacher_model = models::language_model<float, B, layers::attention_mixer>;

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class stories_test : public testing::Test {
 protected:
  void SetUp() override {
    const char* const place = std::getenv("RADLADS_DATA");
    data = place != nullptr ? place : RADLADS_SOURCE_DIR "/../shared/data";
    folder = data / "teacher/stories260K";
    if (!std::filesystem::exists(folder)) {
      GTEST_SKIP() << "The teacher is not here: " << folder.string() << " does not exist.";
    }
    models::config c;
    c.vocabulary = 512;
    c.hidden = 64;
    c.intermediate = 172;
    c.layers = 5;
    c.heads = 8;
    c.kv_heads = 4;
    c.head_size = 8;
    c.norm_epsilon = 1e-5;
    c.rope_base = 1e4;
    c.is_tied = true;
    c.mixers.assign(5, "attention");
    teacher.build(b, c);
    const auto file = io::safetensors_file::open(folder / "model.safetensors");
    teacher_model::params::for_each(
        [&](const std::string& name, auto& each) {
          const auto* const entry = file.find(name);
          ASSERT_NE(entry, nullptr) << name;
          io::read_tensor(*entry, each.sizes(), each.data());
        },
        teacher.weights);
  }

  B b{cpu_options{.threads = 2, .poison = true}};
  std::filesystem::path data, folder;
  teacher_model teacher;
};

/// The stories of the file without the white space around them.
std::vector<std::string> stories_of(const std::string& text) {
  const std::string end = "<|endoftext|>", white = " \n\r\t";
  std::vector<std::string> stories;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t stop = std::min(text.find(end, begin), text.size());
    const std::string story = text.substr(begin, stop - begin);
    const std::size_t first = story.find_first_not_of(white);
    if (first != std::string::npos) {
      stories.push_back(story.substr(first, story.find_last_not_of(white) - first + 1));
    }
    begin = stop + end.size();
  }
  return stories;
}

// An implementation in float64 that shares nothing with this one, tokenizer included,
// gives 1.4897834 nats and 59.41 % on the same 15774 tokens. Other stories of the kind give 1.47
// and 60.5 %.
TEST_F(stories_test, the_loss_is_that_of_an_independent_implementation) {
  const auto tokenizer = text::tokenizer::load(folder);
  const std::vector<std::string> stories = stories_of(text_of(data / "text/tinystories.txt"));
  ASSERT_EQ(stories.size(), 2084u);
  double loss = 0;
  std::int64_t scored = 0, top_1 = 0;
  teacher_model::saved saved;
  for (std::size_t story = 0; story < stories.size(); story += 52) {
    std::vector<std::int32_t> ids = tokenizer.encode(stories[story]);
    ids.insert(ids.begin(), 1);
    if (ids.size() > 512) ids.resize(512);
    const auto count = static_cast<std::int64_t>(ids.size());
    std::vector<std::int32_t> targets(ids.begin() + 1, ids.end());
    targets.push_back(-1);
    teacher.forward(b, {ids.data(), {1, count}}, nullptr, saved);
    tensor<float, 1, B> losses(b, {count});
    tensor<std::int32_t, 1, B> best(b, {count});
    ops::head_cross_entropy<float>(b, 1, teacher_model::head_of(teacher.weights), saved.normed,
                                   view<const std::int32_t, 1>(targets.data(), {count}), losses,
                                   best, {}, {});
    for (std::int64_t i = 0; i + 1 < count; ++i) {
      ASSERT_TRUE(std::isfinite(losses.data()[i]));
      loss += losses.data()[i];
      top_1 += best.data()[i] == targets[static_cast<std::size_t>(i)] ? 1 : 0;
    }
    scored += count - 1;
  }
  EXPECT_EQ(scored, 15774);
  EXPECT_NEAR(loss / static_cast<double>(scored), 1.4897834, 1e-5);
  EXPECT_NEAR(static_cast<double>(top_1) / static_cast<double>(scored), 0.5940789, 2e-4);
}

TEST_F(stories_test, greedy_text_is_that_of_the_authors_program) {
  const auto tokenizer = text::tokenizer::load(folder);
  const std::string expected = text_of(folder / "expected_greedy_200_tokens.txt");
  auto state = teacher.make_state(b, 1);
  teacher_model::saved saved;
  tensor<float, 2, B> logits(b, {1, 512});
  std::vector<std::int32_t> ids{1};
  while (ids.size() < 201) {
    teacher.forward(b, {&ids.back(), {1, 1}}, &state, saved);
    teacher.logits(b, saved, logits);
    ids.push_back(static_cast<std::int32_t>(std::max_element(logits.data(), logits.data() + 512) -
                                            logits.data()));
  }
  const std::string written = tokenizer.decode(ids);
  const std::size_t compared = std::min(written.size(), expected.size());
  EXPECT_GT(compared, 400u);
  EXPECT_EQ(written.substr(0, compared), expected.substr(0, compared));
}

}  // namespace stories_test
}  // namespace radlads::test
