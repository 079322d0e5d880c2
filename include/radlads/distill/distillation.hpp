// SPDX-License-Identifier: Apache-2.0
#pragma once
// Steps 2 and 3: the student's logits trained to match the teacher's, or to the next token (arXiv
// 2505.03005, sections 4.3 and 4.4).
//   step 2: 1/(B T) sum KL(teacher || student), temperature 1, the full vocabulary
//   step 3: 1/(B T) sum of cross-entropies

#include "radlads/core/backend.hpp"
#include "radlads/distill/counted_tokens.hpp"
#include "radlads/distill/objective.hpp"
#include "radlads/ops/cross_entropy.hpp"
#include "radlads/ops/kl_divergence.hpp"

#include <cmath>
#include <cstdint>
#include <vector>

namespace radlads::distill {

struct distillation_options {
  std::int64_t micro_batch = 4;  ///< rows at a time
  double kl_weight = 1;
  double ce_weight = 0;
  /// Keeps of each layer its input alone and runs it forward again in the backward pass.
  bool activation_checkpointing = false;
  bool is_marked = false;  ///< rows are marked_rows, and the mean is over what counts
};

/// Throws unless `loss` is finite, naming the first layer of `saved` whose output is not.
template <class T, class B, class Saved>
void require_finite(B& b, double loss, Saved& saved, const char* stage) {
  if (std::isfinite(loss)) return;
  for (std::size_t i = 0; i < saved.layers.hidden.size(); ++i) {
    const tensor<T, 3, B>& hidden = saved.layers.hidden[i];
    for (const T each : to_host(b, hidden)) {
      if (std::isfinite(static_cast<accumulate_t<T>>(each))) continue;
      if (i == 0) fail(stage, ": the loss is ", loss, "; the embedding is not finite");
      fail(stage, ": the loss is ", loss, "; the output of layer ", i - 1, " is not finite");
    }
  }
  fail(stage, ": the loss is ", loss, " although every layer's output is finite");
}

/// Splits rows of T + 1 ids into T inputs and the T targets behind them, in dense scratch.
template <class B>
void split_targets(B& b, view_on<const std::int32_t, 2, B> ids, view_on<std::int32_t, 2, B> inputs,
                   view_on<std::int32_t, 2, B> targets) {
  const auto bytes = static_cast<std::size_t>(inputs.extent(1)) * sizeof(std::int32_t);
  for (std::int64_t row = 0; row < ids.extent(0); ++row) {
    b.copy(inputs.row(row), ids.row(row), bytes);
    b.copy(targets.row(row), ids.row(row) + 1, bytes);
  }
}

/// Distillation of logits from `Teacher` to `Student`. With a weight on cross-entropy the rows hold
/// one id more than the context.
template <class Teacher, class Student>
class distillation {
 public:
  using T = typename Student::scalar_type;
  using B = typename Student::backend_type;

  distillation(const Teacher& teacher, const Student& student,
               const distillation_options& options = {})
      : teacher_(teacher), student_(student), options_(options) {
    require(teacher.config.vocabulary == student.config.vocabulary,
            "distill: the teacher's vocabulary is ", teacher.config.vocabulary, ", the student's ",
            student.config.vocabulary);
    saved_.layers.is_training = true;
    saved_.layers.activation_checkpointing = options.activation_checkpointing;
  }

  bool needs_targets() const { return options_.ce_weight != 0; }

  /// Positions of rows that the loss counts.
  std::int64_t counted(B& b, view_on<const std::int32_t, 2, B> ids) const {
    return count_tokens<B>(b, ids, tokens_of(ids), options_.is_marked);
  }

  /// Loss of ids (rows, T) or, with targets, (rows, T + 1), or of marked rows, times `share`; adds
  /// its gradient to `grads` unless that is null. A share below one is for rows that are part of a
  /// batch. Throws, naming the layer, when the loss is not finite.
  batch_loss operator()(B& b, view_on<const std::int32_t, 2, B> ids,
                        typename Student::params* grads, double share = 1) {
    const std::int64_t tokens = tokens_of(ids), count = counted(b, ids);
    batch_loss result;
    if (count == 0) return result;
    const double scale = share / static_cast<double>(count);
    for_each_micro_batch(ids, options_.micro_batch, [&](auto rows) {
      result.loss += scale * run(b, rows, tokens, scale, grads, are_last(rows, ids));
    });
    return result;
  }

  /// Has `watch` told of the backward pass, nobody if it is null.
  void watch(const backward_watch* watch) { watch_.watch(watch); }
  template <class F>
  void for_each_by_finish(typename Student::params& grads, F&& f) const {
    Student::for_each_by_finish(grads, f);
  }

  /// The graphs of its work.
  const graph_capture<B>& graph() const { return work_.graph(); }

 private:
  std::int64_t tokens_of(view_on<const std::int32_t, 2, B> ids) const {
    const std::int64_t width = ids.extent(1) - (needs_targets() ? 1 : 0);
    return options_.is_marked ? width / 2 : width;
  }

  double run(B& b, view_on<const std::int32_t, 2, B> ids, std::int64_t tokens, double scale,
             typename Student::params* grads, bool is_last) {
    if (options_.is_marked) {
      counted_.take(b, read_marked_rows<B>(b, ids, tokens), student_.config.vocabulary);
      if (counted_.count() == 0) return 0;
      losses_.resize(b, {counted_.count()});
      enqueue(b, counted_.ids(), tokens, scale, grads);
    } else {
      losses_.resize(b, {ids.extent(0) * tokens});
      work_.run(
          b, ids, student_.config.vocabulary, scale, memory_of(grads),
          [&](auto rows) { enqueue(b, rows, tokens, scale, grads); }, watch_);
    }
    watch_.launched(is_last);
    const double loss = sum_of(b, losses_);
    require_finite<T>(b, loss, saved_, "distill");
    return loss;
  }

  void enqueue(B& b, view_on<const std::int32_t, 2, B> ids, std::int64_t tokens, double scale,
               typename Student::params* grads) {
    scratch_scope<B> scope(b);
    const shape<2> grid{ids.extent(0), tokens};
    view_on<const std::int32_t, 2, B> inputs = ids;
    view_on<const std::int32_t, 1, B> targets;
    if (needs_targets()) {
      const auto first = scope.template take<std::int32_t, 2>(grid);
      const auto next = scope.template take<std::int32_t, 2>(grid);
      split_targets<B>(b, ids, first, next);
      inputs = first;
      targets = reshape<1>(next, {next.size()});
    }
    teacher_.forward(b, inputs, nullptr, teacher_saved_);
    student_.forward(b, inputs, nullptr, saved_);
    view_on<T, 2, B> dnormed, dhead;
    if (grads != nullptr) {
      dnormed = scope.template take<T, 2>(saved_.normed.sizes());
      dhead = Student::head_of(*grads);
    }
    if (options_.is_marked) {
      compare_counted(b, scope, scale, dnormed, dhead);
    } else {
      compare(b, scale, saved_.normed.read(), teacher_saved_.normed.read(), targets, dnormed,
              dhead);
    }
    if (grads == nullptr) return;
    student_.backward(b, inputs, dnormed, saved_, *grads,
                      [&](std::int64_t index) { watch_.finished(index); });
  }

  /// The loss of tokens whose states in front of the heads are x and teacher_x.
  void compare(B& b, double scale, view_on<const T, 2, B> x, view_on<const T, 2, B> teacher_x,
               view_on<const std::int32_t, 1, B> targets, view_on<T, 2, B> dx,
               view_on<T, 2, B> dhead) {
    ops::head_kl_divergence<T>(
        b, static_cast<real_t<T>>(options_.kl_weight), static_cast<real_t<T>>(options_.ce_weight),
        static_cast<real_t<T>>(scale), Student::head_of(student_.weights), x,
        Teacher::head_of(teacher_.weights), teacher_x, targets, losses_, dx, dhead);
  }

  void compare_counted(B& b, scratch_scope<B>& scope, double scale, view_on<T, 2, B> dnormed,
                       view_on<T, 2, B> dhead) {
    view_on<T, 2, B> dx;
    if (!dnormed.empty()) dx = scope.template take<T, 2>({counted_.count(), dnormed.extent(1)});
    compare(b, scale, counted_.template gathered<T>(b, scope, saved_.normed.read()),
            counted_.template gathered<T>(b, scope, teacher_saved_.normed.read()),
            counted_.targets(), dx, dhead);
    if (!dnormed.empty()) counted_.template scatter<T>(b, dx, dnormed);
  }

  const Teacher& teacher_;
  const Student& student_;
  distillation_options options_;
  typename Teacher::saved teacher_saved_;
  typename Student::saved saved_;
  tensor<accumulate_t<T>, 1, B> losses_;
  counted_tokens<B> counted_;
  micro_batch_work<B> work_;
  watched watch_;
};

/// Next-token cross-entropy: step 3, and training a teacher from scratch.
/// `activation_checkpointing` and `is_marked` as in distillation_options.
template <class Model>
class next_token {
 public:
  using T = typename Model::scalar_type;
  using B = typename Model::backend_type;

  explicit next_token(const Model& model, std::int64_t micro_batch = 4,
                      bool activation_checkpointing = false, bool is_marked = false)
      : model_(model), micro_batch_(micro_batch), is_marked_(is_marked) {
    saved_.layers.is_training = true;
    saved_.layers.activation_checkpointing = activation_checkpointing;
  }

  bool needs_targets() const { return true; }

  /// Positions of rows that the loss counts.
  std::int64_t counted(B& b, view_on<const std::int32_t, 2, B> ids) const {
    return count_tokens<B>(b, ids, tokens_of(ids), is_marked_);
  }

  /// Loss of ids (rows, T + 1), or of marked rows, times `share`; adds its gradient to `grads`
  /// unless that is null. A share below one is for rows that are part of a batch. Throws, naming
  /// the layer, when the loss is not finite.
  batch_loss operator()(B& b, view_on<const std::int32_t, 2, B> ids, typename Model::params* grads,
                        double share = 1) {
    const std::int64_t count = counted(b, ids);
    batch_loss result;
    if (count == 0) return result;
    const double scale = share / static_cast<double>(count);
    for_each_micro_batch(ids, micro_batch_, [&](auto rows) {
      result.loss += scale * run(b, rows, scale, grads, are_last(rows, ids));
    });
    return result;
  }

  /// Has `watch` told of the backward pass, nobody if it is null.
  void watch(const backward_watch* watch) { watch_.watch(watch); }
  template <class F>
  void for_each_by_finish(typename Model::params& grads, F&& f) const {
    Model::for_each_by_finish(grads, f);
  }

  /// The graphs of its work.
  const graph_capture<B>& graph() const { return work_.graph(); }

 private:
  std::int64_t tokens_of(view_on<const std::int32_t, 2, B> ids) const {
    return is_marked_ ? (ids.extent(1) - 1) / 2 : ids.extent(1) - 1;
  }

  double run(B& b, view_on<const std::int32_t, 2, B> ids, double scale,
             typename Model::params* grads, bool is_last) {
    if (is_marked_) {
      counted_.take(b, read_marked_rows<B>(b, ids, tokens_of(ids)), model_.config.vocabulary);
      if (counted_.count() == 0) return 0;
      losses_.resize(b, {counted_.count()});
      enqueue(b, counted_.ids(), scale, grads);
    } else {
      losses_.resize(b, {ids.extent(0) * (ids.extent(1) - 1)});
      work_.run(
          b, ids, model_.config.vocabulary, scale, memory_of(grads),
          [&](auto rows) { enqueue(b, rows, scale, grads); }, watch_);
    }
    watch_.launched(is_last);
    const double loss = sum_of(b, losses_);
    require_finite<T>(b, loss, saved_, "train");
    return loss;
  }

  void enqueue(B& b, view_on<const std::int32_t, 2, B> ids, double scale,
               typename Model::params* grads) {
    scratch_scope<B> scope(b);
    const shape<2> grid{ids.extent(0), ids.extent(1) - 1};
    const auto inputs = scope.template take<std::int32_t, 2>(grid);
    const auto targets = scope.template take<std::int32_t, 2>(grid);
    split_targets<B>(b, ids, inputs, targets);
    model_.forward(b, inputs, nullptr, saved_);
    view_on<T, 2, B> dnormed, dhead;
    if (grads != nullptr) {
      dnormed = scope.template take<T, 2>(saved_.normed.sizes());
      dhead = Model::head_of(*grads);
    }
    const view_on<const std::int32_t, 1, B> next = reshape<1>(targets, {targets.size()});
    if (is_marked_) {
      score_counted(b, scope, scale, dnormed, dhead);
    } else {
      score(b, scale, saved_.normed.read(), next, dnormed, dhead);
    }
    if (grads == nullptr) return;
    model_.backward(b, inputs, dnormed, saved_, *grads,
                    [&](std::int64_t index) { watch_.finished(index); });
  }

  /// The loss of tokens whose states in front of the head are x.
  void score(B& b, double scale, view_on<const T, 2, B> x,
             view_on<const std::int32_t, 1, B> targets, view_on<T, 2, B> dx,
             view_on<T, 2, B> dhead) {
    ops::head_cross_entropy<T>(b, static_cast<real_t<T>>(scale), Model::head_of(model_.weights), x,
                               targets, losses_, {}, dx, dhead);
  }

  void score_counted(B& b, scratch_scope<B>& scope, double scale, view_on<T, 2, B> dnormed,
                     view_on<T, 2, B> dhead) {
    view_on<T, 2, B> dx;
    if (!dnormed.empty()) dx = scope.template take<T, 2>({counted_.count(), dnormed.extent(1)});
    score(b, scale, counted_.template gathered<T>(b, scope, saved_.normed.read()),
          counted_.targets(), dx, dhead);
    if (!dnormed.empty()) counted_.template scatter<T>(b, dx, dnormed);
  }

  const Model& model_;
  std::int64_t micro_batch_;
  bool is_marked_;
  typename Model::saved saved_;
  tensor<accumulate_t<T>, 1, B> losses_;
  counted_tokens<B> counted_;
  micro_batch_work<B> work_;
  watched watch_;
};

}  // namespace radlads::distill
