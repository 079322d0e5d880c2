// SPDX-License-Identifier: Apache-2.0
// Alignment of mixers with the teacher's: loss and gradient against the formula, written here mixer
// by mixer and differentiated by complex step.
#include "models/language_model_case.hpp"
#include "radlads/distill/align.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

namespace radlads::test {
namespace align_test {

using B = cpu_backend;
using model = language_model<double>;
using objective = distill::alignment<model, model>;

constexpr std::int64_t rows = 3, tokens = 5;

/// A teacher, a student's description, and what the loss should be.
struct pair_case {
  B& b;
  models::config teacher_config, config;
  bool is_squared;
  model teacher;
  model::saved teacher_run;
  named_values<double> point;
  std::vector<std::int32_t> ids = some_ids(rows * tokens);

  pair_case(B& backend, const std::vector<std::string>& mixers, bool squared = false)
      : b(backend),
        teacher_config(small_model(std::vector<std::string>(mixers.size(), "attention"))),
        config(small_model(mixers)),
        is_squared(squared),
        teacher(model_at(b, teacher_config, model_point(b, teacher_config))),
        point(model_point(b, config)) {
    // Other numbers than the teacher's, also where names are the same.
    for (auto& [name, values] : point) {
      for (double& each : values) each *= 0.9;
    }
    teacher_run.layers.captures_activations = true;
    teacher.forward(b, id_view(), nullptr, teacher_run);
  }
  view<const std::int32_t, 2> id_view() const { return {ids.data(), {rows, tokens}}; }
  bool is_aligned(std::int64_t layer) const {
    return config.mixers[static_cast<std::size_t>(layer)] != "attention";
  }

  /// C^-1/2 / (B T) sum |y_teacher - y|, or 1/C with squares, of each layer; 0 where softmax stays.
  template <class T>
  std::vector<T> layer_losses(const named_values<T>& at) {
    using std::sqrt;
    const auto student = model_at<T>(b, config, at);
    const std::int64_t C = config.hidden;
    const double width = static_cast<double>(C);
    const double factor = is_squared ? 1 / width : 1 / std::sqrt(width);
    tensor<T, 3, B> v_first(b, {rows, tokens, config.heads * config.head_size});
    std::vector<T> losses(config.mixers.size(), T(0));
    for (std::int64_t layer = 0; layer < config.layers; ++layer) {
      if (!is_aligned(layer)) continue;
      const tensor<T, 3, B> y = mixer_output<T>(student, layer, v_first);
      const auto& target = teacher_run.layers.captured_of(layer).output;
      T sum(0);
      for (std::int64_t n = 0; n < rows * tokens; ++n) {
        T square(0);
        for (std::int64_t i = n * C; i < (n + 1) * C; ++i) {
          square += (y.data()[i] - T(target.data()[i])) * (y.data()[i] - T(target.data()[i]));
        }
        sum += is_squared ? square : T(sqrt(square));
      }
      losses[static_cast<std::size_t>(layer)] =
          sum * T(factor / static_cast<double>(rows * tokens));
    }
    return losses;
  }

  /// The mixer of one layer on the teacher's input of that layer.
  template <class T>
  tensor<T, 3, B> mixer_output(const language_model<T>& student, std::int64_t layer,
                               tensor<T, 3, B>& v_first) {
    const auto& input = teacher_run.layers.captured_of(layer).input;
    const auto x = filled<T, 3>(b, input.sizes(), values_of(input));
    tensor<T, 3, B> y(b, input.sizes());
    student.layers.with_layer(layer, student.weights.layers, [&](const auto& c, const auto& p) {
      using mixer = typename std::remove_cvref_t<decltype(c)>::block_type::mixer;
      typename mixer::template saved<T, B> saved;
      mixer::template forward<T, B>(b, c.mixer, p.mixer, {x, v_first}, y, nullptr, saved);
    });
    return y;
  }

  template <class T>
  T mean(const std::vector<T>& losses) const {
    T sum(0);
    double count = 0;
    for (std::int64_t layer = 0; layer < config.layers; ++layer) {
      if (!is_aligned(layer)) continue;
      sum += losses[static_cast<std::size_t>(layer)];
      ++count;
    }
    return sum / T(count);
  }

  /// Whether step 1 has a gradient for the tensor of that name.
  bool is_trained(const std::string& name) const {
    for (std::int64_t layer = 0; layer < config.layers; ++layer) {
      const std::string prefix = "model.layers." + std::to_string(layer) + ".self_attn.";
      if (name.starts_with(prefix)) return is_aligned(layer);
    }
    return false;
  }
};

/// The library's loss and gradient of a case.
struct objective_run {
  model student;
  model::params grads;
  objective loss_of;

  objective_run(pair_case& c, std::int64_t micro_batch)
      : student(model_at(c.b, c.config, c.point)),
        loss_of(c.teacher, student, {.micro_batch = micro_batch, .is_squared = c.is_squared}) {
    allocate_like(c.b, student.weights, grads);
  }
};

struct align_test : testing::Test {
  B b{cpu_options{.threads = 2, .poison = true}};

  void check(const std::vector<std::string>& mixers, bool squared = false) {
    pair_case c(b, mixers, squared);
    objective_run run(c, 2);
    const distill::batch_loss found = run.loss_of(b, c.id_view(), &run.grads);
    const std::vector<double> expected = c.layer_losses<double>(c.point);
    EXPECT_LT(relative_error(found.layers, expected), 1e-13);
    EXPECT_NEAR(found.loss / c.mean(expected), 1, 1e-13);

    named_values<double> trained, gradients;
    for (const auto& [name, values] : values_by_name<double>(run.grads)) {
      if (c.is_trained(name)) {
        trained[name] = c.point.at(name);
        gradients[name] = values;
      } else {
        EXPECT_EQ(values, std::vector<double>(values.size(), 0)) << name;
      }
    }
    named_values<complex> all = convert<complex>(c.point);
    expect_gradients(trained, gradients, [&](const named_values<complex>& at) {
      for (const auto& [name, values] : at) all[name] = values;
      return c.mean(c.layer_losses<complex>(all));
    });
  }
};

TEST_F(align_test, loss_and_gradient_of_rad_rwkv7) {
  check({"rad_rwkv7", "rad_rwkv7", "rad_rwkv7"});
}

TEST_F(align_test, loss_and_gradient_of_rad_rwkv6) { check({"rad_rwkv6", "rad_rwkv6"}); }

TEST_F(align_test, loss_and_gradient_of_the_squared_error) {
  check({"rad_rwkv7", "rad_rwkv7"}, true);
}

TEST_F(align_test, kept_softmax_layers_are_left_out) {
  // Layer 1 is then the one that provides v_first to layer 2.
  check({"attention", "rad_rwkv7", "rad_rwkv7"});
  check({"rad_rwkv7", "rad_rwkv6", "attention", "rad_rwkv7"});
}

TEST_F(align_test, micro_batches_add_up_to_the_batch) {
  pair_case c(b, {"rad_rwkv7", "rad_rwkv7"});
  objective_run whole(c, rows);
  const distill::batch_loss expected = whole.loss_of(b, c.id_view(), &whole.grads);
  const auto gradients = values_by_name<double>(whole.grads);
  for (const std::int64_t micro_batch : {1, 2, 100}) {
    objective_run run(c, micro_batch);
    const distill::batch_loss found = run.loss_of(b, c.id_view(), &run.grads);
    EXPECT_NEAR(found.loss / expected.loss, 1, order_tolerance<double>);
    EXPECT_LT(relative_error(found.layers, expected.layers), order_tolerance<double>);
    for (const auto& [name, values] : values_by_name<double>(run.grads)) {
      if (!c.is_trained(name)) continue;
      EXPECT_LT(relative_error(values, gradients.at(name)), order_tolerance<double>) << name;
    }
  }
}

TEST_F(align_test, gradients_add_and_may_be_left_out) {
  pair_case c(b, {"rad_rwkv7", "rad_rwkv7"});
  objective_run run(c, 2);
  const double loss = run.loss_of(b, c.id_view(), &run.grads).loss;
  const auto once = values_by_name<double>(run.grads);
  EXPECT_EQ(run.loss_of(b, c.id_view(), nullptr).loss, loss);
  EXPECT_EQ(run.loss_of(b, c.id_view(), &run.grads).loss, loss);
  for (const auto& [name, twice] : values_by_name<double>(run.grads)) {
    if (!c.is_trained(name)) continue;
    std::vector<double> expected = once.at(name);
    for (double& each : expected) each *= 2;
    EXPECT_LT(relative_error(twice, expected), 1e-14) << name;
  }
}

TEST_F(align_test, a_share_scales_loss_and_gradient) {
  pair_case c(b, {"rad_rwkv7", "rad_rwkv7"});
  objective_run whole(c, 2), part(c, 2);
  EXPECT_FALSE(part.loss_of.needs_targets());
  const distill::batch_loss expected = whole.loss_of(b, c.id_view(), &whole.grads);
  const distill::batch_loss found = part.loss_of(b, c.id_view(), &part.grads, 0.25);
  EXPECT_NEAR(found.loss / expected.loss, 0.25, order_tolerance<double>);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_NEAR(found.layers[i] / expected.layers[i], 0.25, order_tolerance<double>);
  }
  const auto gradients = values_by_name<double>(whole.grads);
  for (const auto& [name, values] : values_by_name<double>(part.grads)) {
    if (!c.is_trained(name)) continue;
    std::vector<double> scaled = values;
    for (double& each : scaled) each *= 4;
    EXPECT_LT(relative_error(scaled, gradients.at(name)), order_tolerance<double>) << name;
  }
}

TEST_F(align_test, only_the_students_mixers_are_read) {
  pair_case c(b, {"rad_rwkv7", "attention"});
  objective_run run(c, 2);
  const double loss = run.loss_of(b, c.id_view(), nullptr).loss;
  model::params::for_each(
      [&](const std::string& name, auto& each) {
        if (!c.is_trained(name)) each.data()[0] = std::numeric_limits<double>::quiet_NaN();
      },
      run.student.weights);
  EXPECT_EQ(run.loss_of(b, c.id_view(), nullptr).loss, loss);
}

TEST_F(align_test, a_loss_that_is_not_finite_names_its_layer) {
  pair_case c(b, {"rad_rwkv7", "rad_rwkv7", "rad_rwkv7"});
  const auto message = [&](const std::string& name, double value) {
    named_values<double> point = c.point;
    point.at(name)[0] = value;
    const model student = model_at(b, c.config, point);
    objective loss_of(c.teacher, student);
    return error_of([&] { loss_of(b, c.id_view(), nullptr); });
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(message("model.layers.1.self_attn.q_proj.weight", nan)
                  .starts_with("align: the loss of layer 1 is "));
  EXPECT_TRUE(message("model.layers.2.self_attn.o_proj.weight", nan)
                  .starts_with("align: the loss of layer 2 is "));
  EXPECT_EQ(message("model.layers.1.self_attn.o_proj.weight", 1e300),
            "align: the loss of layer 1 is inf");
}

TEST_F(align_test, a_student_with_nothing_to_align_is_refused) {
  pair_case c(b, {"rad_rwkv7", "rad_rwkv7"});
  model same;
  same.build(b, c.teacher_config);
  EXPECT_EQ(error_of([&] { objective(c.teacher, same); }),
            "align: every layer of the student has the teacher's mixer");
}

}  // namespace align_test
}  // namespace radlads::test
