// SPDX-License-Identifier: Apache-2.0
// Losses on logits: against softmaxes written out here, their gradients by complex step of the
// whole model.
#include "models/language_model_case.hpp"
#include "radlads/distill/distillation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace radlads::test {
namespace distillation_test {

using B = cpu_backend;
template <class T>
using small_language_model =
    models::language_model<T, B, layers::attention_mixer, layers::rad_rwkv7_mixer>;
using model = small_language_model<double>;

constexpr std::int64_t rows = 3, tokens = 5;

template <class T>
small_language_model<T> at_point(B& b, const models::config& c, const named_values<T>& point) {
  small_language_model<T> m;
  m.build(b, c);
  set_by_name(point, m.weights);
  return m;
}

/// log softmax(x_n head^T), (N, V).
template <class T>
std::vector<T> log_probabilities(const small_language_model<T>& m, const tensor<T, 2, B>& normed) {
  using std::exp;
  using std::log;
  const std::int64_t V = m.config.vocabulary, C = m.config.hidden;
  const auto head = small_language_model<T>::head_of(m.weights);
  std::vector<T> result;
  for (std::int64_t n = 0; n < normed.extent(0); ++n) {
    T sum(0);
    std::vector<T> logits(static_cast<std::size_t>(V), T(0));
    for (std::int64_t v = 0; v < V; ++v) {
      T& logit = logits[static_cast<std::size_t>(v)];
      for (std::int64_t i = 0; i < C; ++i) logit += head(v, i) * normed.data()[n * C + i];
      sum += exp(logit);
    }
    for (const T& logit : logits) result.push_back(logit - log(sum));
  }
  return result;
}

/// What the ids predict: log probabilities of every token of rows of `width` ids, of which the
/// first `used` are read.
template <class T>
std::vector<T> predictions(B& b, const small_language_model<T>& m,
                           const std::vector<std::int32_t>& ids, std::int64_t width,
                           std::int64_t used) {
  std::vector<std::int32_t> inputs;
  for (std::int64_t i = 0; i < rows * width; ++i) {
    if (i % width < used) inputs.push_back(ids[static_cast<std::size_t>(i)]);
  }
  typename small_language_model<T>::saved saved;
  m.forward(b, {inputs.data(), {rows, used}}, nullptr, saved);
  return log_probabilities(m, saved.normed);
}

/// The mean over tokens of kl_weight KL(teacher || student) + ce_weight CE, given log
/// probabilities; over those with a mark where there are marks.
template <class T>
T mean_loss(const std::vector<T>& student, const std::vector<double>& teacher, double kl_weight,
            double ce_weight, const std::vector<std::int32_t>& targets,
            const std::vector<std::int32_t>& marks = {}) {
  T sum(0);
  double count = 0;
  const std::size_t N = static_cast<std::size_t>(rows * tokens), V = student.size() / N;
  for (std::size_t n = 0; n < N; ++n) {
    if (!marks.empty() && marks[n] == 0) continue;
    count += 1;
    for (std::size_t i = n * V; i < (n + 1) * V && kl_weight != 0; ++i) {
      sum += T(kl_weight * std::exp(teacher[i])) * (T(teacher[i]) - student[i]);
    }
    if (!targets.empty())
      sum -= T(ce_weight) * student[n * V + static_cast<std::size_t>(targets[n])];
  }
  return sum / T(count);
}

struct distillation_test : testing::Test {
  B b{cpu_options{.threads = 2, .poison = true}};
  models::config softmax = small_model({"attention", "attention"});
  models::config hybrid = small_model({"rad_rwkv7", "attention"});
  model teacher = at_point(b, softmax, model_point(b, softmax));
  std::vector<std::int32_t> ids = some_ids(rows * (tokens + 1)), targets;

  distillation_test() {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (i % (tokens + 1) != 0) targets.push_back(ids[i]);
    }
  }
  view<const std::int32_t, 2> inputs() const { return {ids.data(), {rows, tokens}}; }
  view<const std::int32_t, 2> labelled() const { return {ids.data(), {rows, tokens + 1}}; }

  /// Compares loss and all gradients of `make(student)` with `expected`, which maps the student's
  /// log probabilities to the loss. Rows hold `width` ids and, where there are marks, these.
  template <class Make, class Expected>
  void check(const models::config& c, std::int64_t width, Make&& make, Expected&& expected) {
    named_values<double> point = model_point(b, c);
    for (auto& [name, values] : point) {
      for (double& each : values) each *= 0.8;
    }
    const model student = at_point(b, c, point);
    model::params grads;
    allocate_like(b, student.weights, grads);
    auto loss_of = make(student);
    const std::vector<std::int32_t> given = marks.empty() ? ids : marked(width);
    const view<const std::int32_t, 2> batch(given.data(),
                                            {rows, width + (marks.empty() ? 0 : tokens)});
    const double loss = loss_of(b, batch, &grads).loss;
    EXPECT_NEAR(loss / expected(predictions(b, student, ids, width, tokens)), 1, 1e-13);
    EXPECT_EQ(loss_of(b, batch, nullptr).loss, loss);
    expect_gradients(point, values_by_name<double>(grads), [&](const named_values<complex>& at) {
      return expected(predictions(b, at_point<complex>(b, c, at), ids, width, tokens));
    });
  }

  /// Rows of `width` ids with the marks of their tokens behind.
  std::vector<std::int32_t> marked(std::int64_t width) const {
    std::vector<std::int32_t> all;
    for (std::int64_t row = 0; row < rows; ++row) {
      all.insert(all.end(), ids.begin() + row * width, ids.begin() + (row + 1) * width);
      all.insert(all.end(), marks.begin() + row * tokens, marks.begin() + (row + 1) * tokens);
    }
    return all;
  }

  void check_distillation(const models::config& c, double kl_weight, double ce_weight) {
    const std::int64_t width = tokens + (ce_weight != 0 ? 1 : 0);
    const auto wanted = predictions(b, teacher, ids, width, tokens);
    check(
        c, width,
        [&](const model& student) {
          distill::distillation<model, model> loss_of(teacher, student,
                                                      {.micro_batch = 2,
                                                       .kl_weight = kl_weight,
                                                       .ce_weight = ce_weight,
                                                       .is_marked = !marks.empty()});
          EXPECT_EQ(loss_of.needs_targets(), ce_weight != 0);
          return loss_of;
        },
        [&](const auto& found) {
          return mean_loss(found, wanted, kl_weight, ce_weight,
                           ce_weight != 0 ? targets : std::vector<std::int32_t>{}, marks);
        });
  }

  void check_next_token(const models::config& c) {
    check(
        c, tokens + 1,
        [&](const model& m) { return distill::next_token<model>(m, 2, false, !marks.empty()); },
        [&](const auto& found) { return mean_loss(found, {}, 0, 1, targets, marks); });
  }

  /// 1 for each token that the loss counts; empty where all do.
  std::vector<std::int32_t> marks;
};

TEST_F(distillation_test, divergence_from_the_teacher) { check_distillation(hybrid, 1, 0); }

TEST_F(distillation_test, divergence_of_a_tied_student_from_a_tied_teacher) {
  softmax.is_tied = hybrid.is_tied = true;
  teacher = at_point(b, softmax, model_point(b, softmax));
  check_distillation(hybrid, 1, 0);
}

TEST_F(distillation_test, divergence_and_cross_entropy_by_their_weights) {
  check_distillation(small_model({"rad_rwkv7", "rad_rwkv7"}), 0.7, 0.4);
}

TEST_F(distillation_test, next_token) {
  check_next_token(hybrid);
  hybrid.is_tied = true;
  check_next_token(hybrid);
}

TEST_F(distillation_test, the_mean_is_over_marked_tokens) {
  // The middle row has none, and it is in a micro-batch with the first.
  marks = {0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1};
  check_distillation(hybrid, 1, 0);
  check_distillation(hybrid, 0.7, 0.4);
  check_next_token(hybrid);
  // A micro-batch of its own without a mark.
  marks = {1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0};
  check_distillation(hybrid, 1, 0);
  check_next_token(hybrid);
}

TEST_F(distillation_test, parts_of_a_batch_add_up) {
  const model student = at_point(b, hybrid, model_point(b, hybrid));
  const auto run = [&](auto&& loss_of, double share) {
    model::params grads;
    allocate_like(b, student.weights, grads);
    const double loss = loss_of(b, labelled(), &grads, share).loss;
    named_values<double> result = values_by_name<double>(grads);
    result["loss"] = {loss};
    // Whole batches are compared with each other, whatever their share.
    for (auto& [name, values] : result) {
      for (double& each : values) each /= share;
    }
    return result;
  };
  const auto compare = [&](auto&& make) {
    const auto whole = run(make(rows), 1);
    for (const auto& [micro_batch, share] : {std::pair{1, 1.0}, {2, 1.0}, {2, 0.25}}) {
      for (const auto& [name, values] : run(make(micro_batch), share)) {
        EXPECT_LT(relative_error(values, whole.at(name)), order_tolerance<double>) << name;
      }
    }
  };
  compare([&](std::int64_t micro_batch) {
    return distill::distillation<model, model>(
        teacher, student, {.micro_batch = micro_batch, .kl_weight = 0.5, .ce_weight = 0.5});
  });
  compare(
      [&](std::int64_t micro_batch) { return distill::next_token<model>(student, micro_batch); });
}

TEST_F(distillation_test, activation_checkpointing_needs_less_memory_and_changes_no_bit) {
  // Both kinds of mixer, deep enough for kept activations to outweigh the rest.
  const models::config deep = small_model({"rad_rwkv7", "attention", "rad_rwkv7", "attention",
                                           "rad_rwkv7", "rad_rwkv7", "rad_rwkv7", "rad_rwkv7"});
  const model student = at_point(b, deep, model_point(b, deep));
  const auto run = [&](auto&& make) {
    cpu_backend own({.threads = 2, .poison = true});
    model::params grads;
    allocate_like(own, student.weights, grads);
    const std::size_t before = own.allocated_bytes();
    auto loss_of = make();
    named_values<double> found{{"loss", {loss_of(own, labelled(), &grads).loss}}};
    found.merge(values_by_name<double>(grads));
    // Scratch comes in blocks of a megabyte, which at this size would hide all else.
    return std::pair{found, own.peak_bytes() - before - own.scratch().capacity()};
  };
  const auto compare = [&](auto&& make) {
    const auto [kept, more] = run([&] { return make(false); });
    const auto [again, less] = run([&] { return make(true); });
    EXPECT_EQ(again, kept);
    EXPECT_LT(2 * less, more) << less << " bytes, " << more << " with all activations kept";
  };
  compare([&](bool activation_checkpointing) {
    return distill::next_token<model>(student, 2, activation_checkpointing);
  });
  compare([&](bool activation_checkpointing) {
    return distill::distillation<model, model>(
        teacher, student,
        {.kl_weight = 0.5, .ce_weight = 0.5, .activation_checkpointing = activation_checkpointing});
  });
}

TEST_F(distillation_test, a_teacher_does_not_diverge_from_itself) {
  model::params grads;
  allocate_like(b, teacher.weights, grads);
  distill::distillation<model, model> loss_of(teacher, teacher);
  EXPECT_NEAR(loss_of(b, inputs(), &grads).loss, 0, 1e-14);
  for (const auto& [name, values] : values_by_name<double>(grads)) {
    for (const double each : values) EXPECT_NEAR(each, 0, 1e-14) << name;
  }
}

TEST_F(distillation_test, targets_stand_behind_their_inputs) {
  const std::vector<std::int32_t> numbers{1, 2, 3, 4, 5, 6};
  std::vector<std::int32_t> first(4), next(4);
  distill::split_targets<B>(b, view<const std::int32_t, 2>(numbers.data(), {2, 3}),
                            view<std::int32_t, 2>(first.data(), {2, 2}),
                            view<std::int32_t, 2>(next.data(), {2, 2}));
  EXPECT_EQ(first, (std::vector<std::int32_t>{1, 2, 4, 5}));
  EXPECT_EQ(next, (std::vector<std::int32_t>{2, 3, 5, 6}));
}

TEST_F(distillation_test, vocabularies_must_agree) {
  hybrid.vocabulary = 12;
  model student;
  student.build(b, hybrid);
  EXPECT_EQ(error_of([&] { distill::distillation<model, model>(teacher, student); }),
            "distill: the teacher's vocabulary is 13, the student's 12");
}

TEST_F(distillation_test, a_loss_that_is_not_finite_names_the_layer) {
  const auto messages = [&](const std::string& name) {
    named_values<double> point = model_point(b, hybrid);
    for (double& each : point.at(name)) each = std::numeric_limits<double>::quiet_NaN();
    const model student = at_point(b, hybrid, point);
    distill::distillation<model, model> divergence(teacher, student);
    distill::next_token<model> entropy(student);
    return std::pair{error_of([&] { divergence(b, inputs(), nullptr); }),
                     error_of([&] { entropy(b, labelled(), nullptr); })};
  };
  const auto expect_end = [&](const std::string& name, const std::string& end) {
    const auto [divergence, entropy] = messages(name);
    EXPECT_TRUE(divergence.starts_with("distill: the loss is ") && divergence.ends_with(end))
        << divergence;
    EXPECT_TRUE(entropy.starts_with("train: the loss is ") && entropy.ends_with(end)) << entropy;
  };
  expect_end("model.embed_tokens.weight", "; the embedding is not finite");
  expect_end("model.layers.0.self_attn.o_proj.weight", "; the output of layer 0 is not finite");
  expect_end("model.layers.1.mlp.down_proj.weight", "; the output of layer 1 is not finite");
  expect_end("lm_head.weight", " although every layer's output is finite");
}

}  // namespace distillation_test
}  // namespace radlads::test
