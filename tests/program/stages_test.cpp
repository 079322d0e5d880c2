// SPDX-License-Identifier: Apache-2.0
// Whole stages of the program against the same steps written out here: rows from the published
// formula, the loss from logits, rates, clipping and AdamW in double. Every setting is off its
// default, so that one that is ignored shows.

#include "loading.hpp"
#include "model.hpp"
#include "radlads/data/sampler.hpp"
#include "radlads/distill/align.hpp"
#include "radlads/distill/distillation.hpp"
#include "radlads/files/json.hpp"
#include "stages.hpp"
#include "student.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace radlads::program {
namespace stages_test {

constexpr std::int64_t vocabulary = 37, context = 8, batch = 3, tokens_of_text = 8 * 29 + 5;

std::int32_t token_at(std::int64_t i) {
  return static_cast<std::int32_t>((i * i * 7 + i * 3 + i / 11) % vocabulary);
}

data::token_stream make_text() {
  std::vector<std::int32_t> ids;
  for (std::int64_t i = 0; i < tokens_of_text; ++i) ids.push_back(token_at(i));
  return data::token_stream::from_ids({{ids}});
}

models::config teacher_config() {
  models::config c;
  c.vocabulary = vocabulary;
  c.hidden = 16;
  c.intermediate = 24;
  c.layers = 2;
  c.heads = 2;
  c.kv_heads = 1;
  c.head_size = 8;
  c.max_positions = 32;
  c.mixers = {"attention", "attention"};
  return c;
}

/// Row `slot` of the text as the batches have it: `length` ids from slot * context on.
void append_row(std::vector<std::int32_t>& ids, std::int64_t slot, std::int64_t length) {
  for (std::int64_t i = 0; i < length; ++i) ids.push_back(token_at(slot * context + i));
}

/// The published order, with a prime of one's own.
std::int64_t cubic_slot(std::int64_t position, std::int64_t prime) {
  const auto factor =
      static_cast<std::int64_t>(static_cast<double>(prime) * (std::sqrt(5.0) - 1) / 2);
  const std::int64_t i = (1 + position) % prime;
  return factor * (i * i % prime) % prime * i % prime;
}

/// The schedule of the settings below: linear, of `steps` steps.
double rate_of(double initial, double final, double step, double steps, double warm, double wait,
               double endpoint) {
  const double share = std::max(0.0, (step - warm) / (steps - warm));
  const double p = std::clamp((share - wait) / (endpoint - wait), 0.0, 1.0);
  const double rate = final + (initial - final) * (1 - p);
  return step < warm ? rate * (0.01 + 0.99 * step / warm) : rate;
}

using values = std::map<std::string, std::vector<double>>;

values values_of(const model_type::params& params) {
  values all;
  model_type::params::for_each(
      [&](const std::string& name, const auto& each) {
        all[name] = {each.data(), each.data() + each.size()};
      },
      params);
  return all;
}

/// Everything that the two runs of a test share.
class stages : public test::temporary_directory {
 protected:
  stages() {
    teacher_.build(b_, teacher_config());
    teacher_.initialise(b_, 5);
    // Far from the uniform distribution, so that losses of different rows differ.
    scale(teacher_.weights.head, 40);
    settings_.tokens = batch * context * 6;
    settings_.lr_init = 2e-2;
    settings_.lr_final = 1e-3;
    settings_.lr2_init = 5e-2;
    settings_.lr2_final = 2e-3;
    settings_.lr_decay_type = "linear";
    settings_.lr_wait = 0.3;
    settings_.lr_endpoint = 0.9;
    settings_.warmup_steps = 2;
    settings_.batch = batch;
    settings_.context = context;
    settings_.micro_batch = 2;
    settings_.beta1 = 0.8;
    settings_.beta2 = 0.9;
    settings_.adam_eps = 1e-3;
    settings_.weight_decay = 0.5;
    settings_.gradient_clip_val = 0.02;
    settings_.seed = 23;
    settings_.sample_offset = 4;
    settings_.magic_prime = 23;
    settings_.kl_weight = 0.7;
    settings_.ce_weight = 0.4;
    settings_.trainable = "everything";
    settings_.save_every = 100;
  }

  template <class Tensor>
  static void scale(Tensor& x, float factor) {
    for (std::int64_t i = 0; i < x.size(); ++i) x.data()[i] *= factor;
  }

  std::unique_ptr<model_type> new_student() {
    auto student =
        convert::make_student(b_, teacher_, std::string("rad_rwkv7"), convert::model_settings{})
            .model;
    scale(student->weights.head, 0.5);
    return student;
  }

  /// Runs a stage of the settings into a directory of this name.
  void run(cpu_backend& b, const std::string& stage, model_type& model, const std::string& name) {
    const convert::stage_task task{.stage = stage,
                                   .settings = settings_,
                                   .directory = path(name),
                                   .lock = locks_.emplace_back(),
                                   .record = "about:\n  stage: \"test\"\n",
                                   .samples_before = samples_before};
    const run_context on{b, ranks(), {}, 1};
    const convert::teacher_access<model_type> teacher{
        [&]() -> const model_type& { return teacher_; }, [] {}};
    compiled_training()(on, teacher, model, task, [&](convert::training<model_type>& trained) {
      convert::run_loop<model_type, run_ranks>(on, trained, text_, task).take_steps();
    });
  }

  /// The ids of a step, in an order that is a function of the position.
  std::vector<std::int32_t> ids_of(std::int64_t step, std::int64_t length,
                                   const std::function<std::int64_t(std::int64_t)>& slot) const {
    std::vector<std::int32_t> ids;
    for (std::int64_t row = 0; row < batch; ++row) {
      append_row(ids, slot(samples_before + step * batch + row), length);
    }
    return ids;
  }
  std::vector<std::int32_t> cubic_ids(std::int64_t step, std::int64_t length) const {
    return ids_of(step, length, [&](std::int64_t at) {
      return cubic_slot(at + settings_.sample_offset, settings_.magic_prime);
    });
  }

  /// Runs every step with the objective and the rows of `ids`, in double but for the gradient.
  /// Returns the losses; `is_trained` names the tensors that move.
  template <class Objective>
  std::vector<double> train(model_type& model, Objective objective, std::int64_t length,
                            const std::function<std::vector<std::int32_t>(std::int64_t)>& ids,
                            const std::function<bool(const std::string&)>& is_trained) {
    std::vector<double> losses;
    model_type::params gradients;
    allocate_like(b_, model.weights, gradients);
    values exact = values_of(model.weights), first, second;
    for (std::int64_t step = 0; step < 6; ++step) {
      set_zero_all(b_, gradients);
      std::vector<std::int32_t> rows = ids(step);
      const view<const std::int32_t, 2> batch_ids(rows.data(), {batch, length});
      losses.push_back(objective(b_, batch_ids, &gradients).loss);
      update(exact, values_of(gradients), first, second, static_cast<double>(step), is_trained);
      model_type::params::for_each(
          [&](const std::string& name, auto& each) {
            const std::vector<double>& from = exact.at(name);
            for (std::size_t i = 0; i < from.size(); ++i)
              each.data()[i] = static_cast<float>(from[i]);
          },
          model.weights);
    }
    return losses;
  }

  void update(values& weights, const values& gradients, values& first, values& second, double step,
              const std::function<bool(const std::string&)>& is_trained) {
    double squares = 0;
    for (const auto& [name, gradient] : gradients) {
      if (!is_trained(name)) continue;
      for (const double each : gradient) squares += each * each;
    }
    const double clip = std::min(1.0, 0.02 / (std::sqrt(squares) + 1e-6));
    if (expects_clipping_) {
      EXPECT_LT(clip, 0.9) << "the gradient is not clipped, so the test would not see it";
    }
    for (auto& [name, weight] : weights) {
      if (!is_trained(name)) continue;
      const bool is_mixer = name.find(".self_attn.") != std::string::npos;
      const double rate = is_mixer ? rate_of(5e-2, 2e-3, step, 6, 2, 0.3, 0.9)
                                   : rate_of(2e-2, 1e-3, step, 6, 2, 0.3, 0.9);
      std::vector<double>&m = first[name], &v = second[name];
      m.resize(weight.size());
      v.resize(weight.size());
      for (std::size_t i = 0; i < weight.size(); ++i) {
        const double g = gradients.at(name)[i] * clip;
        m[i] = 0.8 * m[i] + 0.2 * g;
        v[i] = 0.9 * v[i] + 0.1 * g * g;
        const double mean = m[i] / (1 - std::pow(0.8, step + 1));
        const double size = std::sqrt(v[i] / (1 - std::pow(0.9, step + 1)));
        weight[i] -= rate * (0.5 * weight[i] + mean / (size + 1e-3));
      }
    }
  }

  /// Losses of the metrics and the weights against those of the run written out here.
  void expect_same(const std::string& stage, const model_type& found,
                   const std::vector<double>& losses, const model_type& expected) {
    std::ifstream file(path(stage) / "metrics.jsonl");
    std::vector<double> logged;
    for (std::string line; std::getline(file, line);) {
      const files::json entry = files::parse_json(line, "metrics.jsonl");
      if (entry.contains("loss")) logged.push_back(entry["loss"].get<double>());
    }
    ASSERT_EQ(logged.size(), losses.size());
    for (std::size_t i = 0; i < losses.size(); ++i) {
      EXPECT_NEAR(logged[i], losses[i], 2e-5 * losses[i]) << "step " << i;
      if (i > 0) {
        EXPECT_GT(std::abs(losses[i] - losses[i - 1]), 1e-3 * losses[i]) << "rows are alike";
      }
    }
    const values a = values_of(found.weights), b = values_of(expected.weights);
    for (const auto& [name, weights] : b) {
      double worst = 0, largest = 0;
      for (std::size_t i = 0; i < weights.size(); ++i) {
        worst = std::max(worst, std::abs(a.at(name)[i] - weights[i]));
        largest = std::max(largest, std::abs(weights[i]));
      }
      EXPECT_LE(worst, 2e-5 * std::max(largest, 1.0)) << name;
    }
  }

  static bool everything(const std::string&) { return true; }
  static bool mixers(const std::string& name) {
    return name.find(".self_attn.") != std::string::npos;
  }

  static constexpr std::int64_t samples_before = 6;
  bool expects_clipping_ = true;
  cpu_backend b_{{.threads = 1}};
  model_type teacher_;
  convert::stage_settings settings_;
  data::token_stream text_ = make_text();
  std::deque<files::directory_lock> locks_;
};

TEST_F(stages, distillation_is_its_steps_written_out) {
  const auto found = new_student(), expected = new_student();
  run(b_, "distill", *found, "distill");
  distill::distillation_options options;
  options.micro_batch = batch;
  options.kl_weight = 0.7;
  options.ce_weight = 0.4;
  const auto losses = train(
      *expected, distill::distillation<model_type, model_type>(teacher_, *expected, options),
      context + 1, [&](std::int64_t step) { return cubic_ids(step, context + 1); }, everything);
  expect_same("distill", *found, losses, *expected);
}

/// Divergence and cross-entropy of the first batch from the logits of both models, in double.
TEST_F(stages, first_loss_of_distillation_is_that_of_the_logits) {
  const auto student = new_student();
  const std::vector<std::int32_t> ids = cubic_ids(0, context + 1);
  double expected = 0;
  for (std::int64_t row = 0; row < batch; ++row) {
    const std::span<const std::int32_t> inputs(ids.data() + row * (context + 1), context);
    std::vector<std::vector<float>> logits;
    for (const model_type* model : {&std::as_const(teacher_), &std::as_const(*student)}) {
      model_type::saved saved;
      run_forward(b_, *model, inputs, nullptr, saved);
      logits.push_back(run_logits(b_, *model, saved));
    }
    for (std::int64_t t = 0; t < context; ++t) {
      std::vector<double> logs[2];
      for (int which : {0, 1}) {
        double sum = 0;
        for (std::int64_t v = 0; v < vocabulary; ++v) {
          sum +=
              std::exp(static_cast<double>(logits[static_cast<std::size_t>(which)]
                                                 [static_cast<std::size_t>(t * vocabulary + v)]));
        }
        for (std::int64_t v = 0; v < vocabulary; ++v) {
          logs[which].push_back(static_cast<double>(logits[static_cast<std::size_t>(
                                    which)][static_cast<std::size_t>(t * vocabulary + v)]) -
                                std::log(sum));
        }
      }
      for (std::size_t v = 0; v < logs[0].size(); ++v) {
        expected += 0.7 * std::exp(logs[0][v]) * (logs[0][v] - logs[1][v]);
      }
      expected -= 0.4 * logs[1][static_cast<std::size_t>(
                            ids[static_cast<std::size_t>(row * (context + 1) + t + 1)])];
    }
  }
  expected /= batch * context;
  settings_.tokens = batch * context;
  run(b_, "distill", *student, "first");
  std::ifstream file(path("first") / "metrics.jsonl");
  std::string line;
  std::getline(file, line);
  EXPECT_NEAR(files::parse_json(line, "metrics.jsonl")["loss"].get<double>(), expected,
              1e-5 * expected);
}

TEST_F(stages, alignment_is_its_steps_written_out) {
  settings_.trainable = "mixers";
  settings_.loss = "l2";
  expects_clipping_ = false;  // gradients of alignment are small
  const auto found = new_student(), expected = new_student();
  run(b_, "align", *found, "align");
  distill::alignment_options options;
  options.micro_batch = batch;
  const auto losses = train(
      *expected, distill::alignment<model_type, model_type>(teacher_, *expected, options), context,
      [&](std::int64_t step) { return cubic_ids(step, context); }, mixers);
  expect_same("align", *found, losses, *expected);
}

TEST_F(stages, first_loss_of_alignment_is_the_squared_error_where_that_is_asked_for) {
  settings_.trainable = "mixers";
  settings_.loss = "mse";
  settings_.tokens = batch * context;
  const auto found = new_student(), expected = new_student();
  run(b_, "align", *found, "align");
  distill::alignment_options options;
  options.micro_batch = batch;
  options.is_squared = true;
  std::vector<std::int32_t> rows = cubic_ids(0, context);
  distill::alignment<model_type, model_type> objective(teacher_, *expected, options);
  const double loss =
      objective(b_, view<const std::int32_t, 2>(rows.data(), {batch, context}), nullptr).loss;
  std::ifstream file(path("align") / "metrics.jsonl");
  std::string line;
  std::getline(file, line);
  EXPECT_NEAR(files::parse_json(line, "metrics.jsonl")["loss"].get<double>(), loss, 1e-5 * loss);
}

TEST_F(stages, next_token_training_reads_epochs_by_the_seed) {
  settings_.sampler = "epochs";
  const auto found = new_student(), expected = new_student();
  run(b_, "train", *found, "train");
  const data::epoch_sampler order(29, 23);
  const auto losses = train(
      *expected, distill::next_token<model_type>(*expected, batch), context + 1,
      [&](std::int64_t step) {
        return ids_of(step, context + 1, [&](std::int64_t at) { return order.slot_at(at); });
      },
      everything);
  expect_same("train", *found, losses, *expected);
}

// Threads train parts of a batch with gradients of their own; the sum is the batch's.
TEST_F(stages, threads_change_only_rounding) {
  cpu_backend two({.threads = 2});
  const auto found = new_student(), expected = new_student();
  run(b_, "train", *expected, "one");
  model_type copy;
  copy.build(two, found->config);
  model_type::params::for_each(
      [&](const std::string&, auto& to, const auto& from) {
        std::copy_n(from.data(), from.size(), to.data());
      },
      copy.weights, found->weights);
  run(two, "train", copy, "two");
  const values a = values_of(copy.weights), b = values_of(expected->weights);
  for (const auto& [name, weights] : b) {
    for (std::size_t i = 0; i < weights.size(); ++i) {
      ASSERT_NEAR(a.at(name)[i], weights[i], 2e-5 * std::max(1.0, std::abs(weights[i]))) << name;
    }
  }
}

}  // namespace stages_test
}  // namespace radlads::program
