// SPDX-License-Identifier: Apache-2.0
// Steps of training: what they change, report and refuse, that they can be resumed, and the first
// steps of both stages on the real teacher (docs: quality).
#include "models/language_model_case.hpp"
#include "radlads/data/corpus.hpp"
#include "radlads/data/sampler.hpp"
#include "radlads/data/token_stream.hpp"
#include "radlads/distill/align.hpp"
#include "radlads/distill/distillation.hpp"
#include "radlads/distill/trainer.hpp"
#include "radlads/io/parameters.hpp"
#include "radlads/text/tokenizer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::test {
namespace trainer_test {

using B = cpu_backend;
using model = language_model<float>;
using softmax_model = models::language_model<float, B, layers::attention_mixer>;
using trainer = distill::trainer<model>;
using named = named_values<float>;

/// An objective that adds the same gradient at every step.
struct given_gradient {
  named gradient;

  distill::batch_loss operator()(B&, view<const std::int32_t, 2>, model::params* grads) {
    model::params::for_each(
        [&](const std::string& name, auto& each) {
          const std::vector<float>& values = gradient.at(name);
          for (std::size_t i = 0; i < values.size(); ++i) each.data()[i] += values[i];
        },
        *grads);
    return {0.25, {}};
  }
};

double squares(const std::vector<float>& values) {
  double sum = 0;
  for (const float each : values) sum += static_cast<double>(each) * static_cast<double>(each);
  return sum;
}

std::set<std::string> differing(const named& left, const named& right) {
  std::set<std::string> names;
  for (const auto& [name, values] : left) {
    if (values != right.at(name)) names.insert(name);
  }
  return names;
}

struct trainer_test : testing::Test {
  B b{cpu_options{.threads = 2, .poison = true}};
  models::config config = small_model({"rad_rwkv7", "attention", "rad_rwkv6"});
  model student;
  given_gradient objective;
  distill::trainer_options options;
  const view<const std::int32_t, 2> no_ids{};

  void SetUp() override {
    student.build(b, config);
    student.initialise(b, 5);
    model::params::for_each(
        [&](const std::string& name, const auto& each) {
          const auto values = random_values(each.size(), stream_of(name) + 7);
          objective.gradient[name].assign(values.begin(), values.end());
        },
        student.weights);
    options.schedule = {.initial = 1e-3, .final = 1e-3, .steps = 1000};
  }
  named weights() const { return values_by_name<float>(student.weights); }

  /// Names of the tensors that two steps change; their moments and no others must change too.
  std::set<std::string> changed_by(distill::trainable what) {
    options.what = what;
    trainer t(b, student, options);
    const named before = weights(), zero = values_by_name<float>(t.optimizer().m);
    t.step(b, objective, no_ids);
    const distill::step_report report = t.step(b, objective, no_ids);
    const std::set<std::string> changed = differing(before, weights());
    EXPECT_EQ(differing(zero, values_by_name<float>(t.optimizer().m)), changed);
    EXPECT_EQ(differing(zero, values_by_name<float>(t.optimizer().v)), changed);
    double sum = 0;
    model::params::for_each(
        [&](const tensor_info& info, const auto&) {
          EXPECT_EQ(t.is_trained(info), changed.contains(info.name)) << info.name;
        },
        student.weights);
    for (const std::string& name : changed) sum += squares(objective.gradient.at(name));
    EXPECT_NEAR(report.gradient_norm / std::sqrt(sum), 1, 1e-6)
        << "frozen tensors count in the norm";
    return changed;
  }
};

/// Counts the gradients that a step offers.
struct counting {
  std::int64_t offered = 0;
  distill::batch_loss operator()(B&, view<const std::int32_t, 2>, model::params* grads) {
    offered = parameter_count(*grads);
    return {0.5, {}};
  }
};
struct counting_mixers : counting {
  static constexpr bool trains_mixers_alone = true;
};

TEST_F(trainer_test, an_objective_finds_the_gradients_it_may_write) {
  options.what = distill::trainable::mixers;
  trainer t(b, student, options);
  counting_mixers mixers;
  counting all;
  t.step(b, mixers, no_ids);
  EXPECT_EQ(mixers.offered, parameter_count(t.optimizer().m));
  t.step(b, all, no_ids);
  EXPECT_EQ(all.offered, parameter_count(student.weights));
  t.step(b, mixers, no_ids);
  options.what = distill::trainable::everything;
  trainer everything(b, student, options);
  everything.step(b, mixers, no_ids);
  EXPECT_EQ(mixers.offered, parameter_count(student.weights));
}

TEST_F(trainer_test, only_trained_tensors_have_moments) {
  distill::trainer_options mixers = options;
  mixers.what = distill::trainable::mixers;
  trainer every(b, student, options), some(b, student, mixers);
  EXPECT_EQ(parameter_count(every.optimizer().m), parameter_count(student.weights));
  std::int64_t expected = 0;
  model::params::for_each(
      [&](const tensor_info& info, const auto& each) {
        if (some.is_trained(info)) expected += each.size();
      },
      student.weights);
  EXPECT_GT(expected, 0);
  EXPECT_EQ(parameter_count(some.optimizer().m), expected);
  EXPECT_EQ(parameter_count(some.optimizer().v), expected);
}

TEST_F(trainer_test, everything_is_trained) {
  EXPECT_EQ(changed_by(distill::trainable::everything).size(), weights().size());
}

TEST_F(trainer_test, the_first_stage_trains_recurrent_mixers) {
  std::set<std::string> expected;
  for (const auto& [name, values] : weights()) {
    if (name.starts_with("model.layers.0.self_attn.") ||
        name.starts_with("model.layers.2.self_attn.")) {
      expected.insert(name);
    }
  }
  EXPECT_EQ(changed_by(distill::trainable::mixers), expected);
  EXPECT_TRUE(expected.contains("model.layers.2.self_attn.o_proj.weight"));
}

TEST_F(trainer_test, decay_and_shift_are_those_of_the_third_stage) {
  EXPECT_EQ(changed_by(distill::trainable::decay_and_shift),
            (std::set<std::string>{
                "model.layers.0.self_attn.w0", "model.layers.0.self_attn.w1",
                "model.layers.0.self_attn.w2", "model.layers.2.self_attn.time_maa_w",
                "model.layers.2.self_attn.time_maa_w1", "model.layers.2.self_attn.time_maa_w2",
                "model.layers.2.self_attn.time_decay", "model.layers.2.self_attn.time_decay_w1",
                "model.layers.2.self_attn.time_decay_w2"}));
}

TEST_F(trainer_test, groups_have_their_own_rates) {
  options.mixer_schedule = {.initial = 4e-3, .final = 4e-3, .steps = 1000, .warmup_steps = 0};
  options.schedule.warmup_steps = 0;
  options.clip_norm = 0;  // clipped, some numbers would come near to Adam's epsilon
  trainer t(b, student, options);
  const named before = weights();
  EXPECT_EQ(t.step(b, objective, no_ids).rate, 1e-3);
  // The first step of Adam moves every number by its rate, against the gradient's sign.
  for (const auto& [name, after] : weights()) {
    const double rate = name.find(".self_attn.") != std::string::npos ? 4e-3 : 1e-3;
    for (std::size_t i = 0; i < after.size(); ++i) {
      const double moved = static_cast<double>(after[i]) - static_cast<double>(before.at(name)[i]);
      ASSERT_NEAR(moved, -std::copysign(rate, objective.gradient.at(name)[i]), 1e-6) << name;
    }
  }
  options.what = distill::trainable::mixers;
  EXPECT_EQ(trainer(b, student, options).step(b, objective, no_ids).rate, 4e-3);
}

TEST_F(trainer_test, reports_step_loss_norm_and_rate) {
  trainer t(b, student, options);
  double sum = 0;
  for (const auto& [name, gradient] : objective.gradient) sum += squares(gradient);
  for (std::int64_t step = 0; step < 3; ++step) {
    EXPECT_EQ(t.steps(), step);
    const distill::step_report report = t.step(b, objective, no_ids);
    EXPECT_EQ(report.step, step);
    EXPECT_EQ(report.loss.loss, 0.25);
    EXPECT_NEAR(report.gradient_norm / std::sqrt(sum), 1, 1e-6);
    // Warm-up over 50 steps, from a hundredth of the rate: 0.01, 0.0298, 0.0496.
    EXPECT_NEAR(report.rate, 1e-3 * (0.01 + 0.0198 * static_cast<double>(step)), 1e-15);
  }
}

TEST_F(trainer_test, the_gradient_is_clipped_as_a_whole) {
  double sum = 0;
  for (const auto& [name, gradient] : objective.gradient) sum += squares(gradient);
  options.clip_norm = 0.5;
  trainer t(b, student, options);
  t.step(b, objective, no_ids);
  double moment = 0;
  for (const auto& [name, values] : values_by_name<float>(t.optimizer().m))
    moment += squares(values);
  EXPECT_NEAR(std::sqrt(moment), (1 - 0.9) * 0.5, 1e-6);

  options.clip_norm = 0;
  trainer unclipped(b, student, options);
  unclipped.step(b, objective, no_ids);
  moment = 0;
  for (const auto& [name, values] : values_by_name<float>(unclipped.optimizer().m)) {
    moment += squares(values);
  }
  EXPECT_NEAR(std::sqrt(moment / sum), 1 - 0.9, 1e-6);
}

TEST_F(trainer_test, a_failed_step_changes_nothing) {
  trainer t(b, student, options);
  t.step(b, objective, no_ids);
  const named before = weights(), m = values_by_name<float>(t.optimizer().m),
              v = values_by_name<float>(t.optimizer().v);
  const auto broken = [](B&, view<const std::int32_t, 2>, model::params*) -> distill::batch_loss {
    fail("align: the loss of layer 2 is nan");
  };
  EXPECT_EQ(error_of([&] { t.step(b, broken, no_ids); }),
            "step 1: align: the loss of layer 2 is nan");
  const given_gradient good = objective;
  objective.gradient.at("model.norm.weight")[3] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(error_of([&] { t.step(b, objective, no_ids); }),
            "step 1: clip: the gradient of model.norm.weight is not finite");
  EXPECT_EQ(t.steps(), 1);
  EXPECT_EQ(weights(), before);
  EXPECT_EQ(values_by_name<float>(t.optimizer().m), m);
  EXPECT_EQ(values_by_name<float>(t.optimizer().v), v);
  objective = good;
  EXPECT_EQ(t.step(b, objective, no_ids).step, 1);
}

TEST_F(trainer_test, a_schedule_without_steps_is_refused) {
  options.mixer_schedule = optim::schedule_options{.steps = 0};
  EXPECT_EQ(error_of([&] { trainer(b, student, options); }),
            "learning_rate: the stage has 0 steps");
}

TEST_F(trainer_test, a_resumed_run_is_the_same_run) {
  softmax_model teacher;
  teacher.build(b, small_model({"attention", "attention", "attention"}));
  teacher.initialise(b, 3);
  options.schedule.warmup_steps = 2;
  options.schedule.final = 1e-5;
  const auto ids_of = [](std::int64_t step) {
    std::vector<std::int32_t> ids;
    for (std::int64_t i = 0; i < 20; ++i)
      ids.push_back(static_cast<std::int32_t>((i * i + 5 * step) % 13));
    return ids;
  };
  const auto advance = [&](trainer& t, auto& loss_of, std::int64_t end) {
    while (t.steps() < end) {
      const std::vector<std::int32_t> ids = ids_of(t.steps());
      t.step(b, loss_of, {ids.data(), {4, 5}});
    }
  };
  const auto check = [&]<class Objective>(distill::trainable what, Objective*) {
    options.what = what;
    student.initialise(b, 5);
    trainer whole(b, student, options);
    Objective loss_of(teacher, student, {.micro_batch = 3});
    advance(whole, loss_of, 4);

    model copy;
    copy.build(b, config);
    copy_all(b, student.weights, copy.weights);
    trainer resumed(b, copy, options);
    copy_all(b, whole.optimizer().m, resumed.optimizer().m);
    copy_all(b, whole.optimizer().v, resumed.optimizer().v);
    resumed.optimizer().steps = whole.optimizer().steps;
    Objective loss_of_copy(teacher, copy, {.micro_batch = 3});
    const named half = weights();
    advance(whole, loss_of, 8);
    advance(resumed, loss_of_copy, 8);

    EXPECT_NE(weights(), half);
    EXPECT_EQ(differing(weights(), values_by_name<float>(copy.weights)), std::set<std::string>{});
    EXPECT_EQ(differing(values_by_name<float>(whole.optimizer().m),
                        values_by_name<float>(resumed.optimizer().m)),
              std::set<std::string>{});
    EXPECT_EQ(differing(values_by_name<float>(whole.optimizer().v),
                        values_by_name<float>(resumed.optimizer().v)),
              std::set<std::string>{});
  };
  check(distill::trainable::mixers,
        static_cast<distill::alignment<softmax_model, model>*>(nullptr));
  check(distill::trainable::everything,
        static_cast<distill::distillation<softmax_model, model>*>(nullptr));
}

/// The first steps on the small teacher, from given starting points: 32 rows of 512 tokens a step.
class first_steps_test : public testing::Test {
 protected:
  static constexpr std::int64_t rows = 32, tokens = 512;

  void SetUp() override {
    const char* const place = std::getenv("RADLADS_DATA");
    data = place != nullptr ? place : RADLADS_SOURCE_DIR "/../shared/data";
    if (!std::filesystem::exists(data / "reference/rad7-start.safetensors")) {
      GTEST_SKIP() << "The reference is not here: " << data.string() << " lacks it.";
    }
    const std::filesystem::path folder = data / "teacher/stories260K";
    teacher.build(b, description("attention", true));
    EXPECT_TRUE(io::read_parameters(b, folder, teacher.weights).empty());
    const auto tokenizer = text::tokenizer::load(folder);
    stream = data::token_stream::from_documents(
        data::read_documents(data / "text/tinystories.txt"),
        [&](std::string_view story) { return tokenizer.encode_document(story); }, 2);
    slots = data::count_slots(stream->size(), tokens, tokens);
  }

  static models::config description(const std::string& mixer, bool is_tied) {
    models::config c;
    c.vocabulary = 512;
    c.hidden = 64;
    c.intermediate = 172;
    c.layers = 5;
    c.heads = 8;
    c.kv_heads = 4;
    c.head_size = 8;
    c.norm_epsilon = 1e-5;
    c.is_tied = is_tied;
    c.mixers.assign(5, mixer);
    return c;
  }

  model student(const std::string& mixer, const std::string& file) {
    model m;
    m.build(b, description(mixer, false));
    EXPECT_TRUE(io::read_parameters(b, data / "reference" / file, m.weights).empty());
    return m;
  }

  std::vector<std::int32_t> batch(std::int64_t step, std::int64_t offset) const {
    const data::cubic_sampler sampler(slots, data::magic_prime(slots), offset);
    std::vector<std::int32_t> ids(static_cast<std::size_t>(rows * tokens));
    for (std::int64_t row = 0; row < rows; ++row) {
      data::copy_row(*stream, sampler.slot_at(step * rows + row), tokens, ids.data() + row * tokens,
                     tokens);
    }
    return ids;
  }

  /// Reports of the first three steps of the first stage.
  std::vector<distill::step_report> align(model& m) {
    distill::trainer_options options;
    options.schedule.steps = 20e6 / static_cast<double>(rows * tokens);
    options.what = distill::trainable::mixers;
    trainer t(b, m, options);
    distill::alignment<softmax_model, model> loss_of(teacher, m);
    std::vector<distill::step_report> reports;
    for (std::int64_t step = 0; step < 3; ++step) {
      const std::vector<std::int32_t> ids = batch(step, 0);
      reports.push_back(t.step(b, loss_of, {ids.data(), {rows, tokens}}));
    }
    return reports;
  }

  /// Losses agree to 1e-5; norms and layers to the last of the four decimals that are known.
  static void compare(const std::vector<distill::step_report>& found,
                      const std::vector<double>& losses, const std::vector<double>& norms) {
    for (std::size_t step = 0; step < 3; ++step) {
      EXPECT_NEAR(found[step].loss.loss / losses[step], 1, 1e-5) << step;
      EXPECT_NEAR(found[step].gradient_norm, norms[step], 1e-4) << step;
    }
  }

  B b{cpu_options{.threads = 2}};
  std::filesystem::path data;
  softmax_model teacher;
  std::optional<data::token_stream> stream;
  std::int64_t slots = 0;
};

TEST_F(first_steps_test, are_over_the_known_rows) {
  EXPECT_EQ(stream->size(), 881475);
  EXPECT_EQ(slots, 1721);
  EXPECT_EQ(data::magic_prime(slots), 1721);
  const data::cubic_sampler sampler(slots, 1721, 0);
  for (const auto& [position, slot] : {std::pair{0, 1063}, {1, 1620}, {2, 1165}, {3, 913}}) {
    EXPECT_EQ(sampler.slot_at(position), slot);
  }
}

TEST_F(first_steps_test, of_alignment_of_rad_rwkv7) {
  model m = student("rad_rwkv7", "rad7-start.safetensors");
  const auto reports = align(m);
  compare(reports, {0.282900, 0.283419, 0.281856}, {1.5355, 1.5219, 1.5107});
  const std::vector<double> layers{0.2054, 0.2627, 0.2569, 0.3608, 0.3287};
  ASSERT_EQ(reports[0].loss.layers.size(), layers.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    EXPECT_NEAR(reports[0].loss.layers[i], layers[i], 6e-5) << i;
  }
}

TEST_F(first_steps_test, of_alignment_of_rad_rwkv6) {
  model m = student("rad_rwkv6", "rad6-start.safetensors");
  compare(align(m), {0.220824, 0.221264, 0.221368}, {0.1808, 0.1791, 0.1787});
}

TEST_F(first_steps_test, of_distillation) {
  const model m = student("rad_rwkv7", "rad7-step1.safetensors");
  distill::distillation<softmax_model, model> loss_of(teacher, m);
  // The second stage begins after the 1,221 steps of the first.
  const std::vector<std::int32_t> ids = batch(0, 1221 * rows);
  EXPECT_NEAR(loss_of(b, {ids.data(), {rows, tokens}}, nullptr).loss / 0.144666, 1, 1e-5);
}

}  // namespace trainer_test
}  // namespace radlads::test
