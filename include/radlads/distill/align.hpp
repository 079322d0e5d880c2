// SPDX-License-Identifier: Apache-2.0
#pragma once
// Step 1, hidden-state alignment (arXiv 2505.03005, section 4.2): every student mixer sees the
// teacher's mixer input of its layer and is trained to match the teacher's mixer output. The
// student's own errors never reach another layer; v_first, with its gradient, is all that couples
// them.
//   loss = C^(-1/2) / (L B T) sum_{l, b, t} |y_teacher - y_student|_2

#include "radlads/core/backend.hpp"
#include "radlads/distill/counted_tokens.hpp"
#include "radlads/distill/objective.hpp"
#include "radlads/layers/mixer_input.hpp"
#include "radlads/ops/squared_error.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <variant>
#include <vector>

namespace radlads::distill {

struct alignment_options {
  std::int64_t micro_batch = 4;  ///< rows at a time
  bool is_squared = false;       ///< squared error instead of its root
  bool is_marked = false;        ///< rows are marked_rows, and the mean is over what counts
};

/// Alignment of `Student` to `Teacher`, two models of one scalar type. Layers whose mixer is the
/// teacher's own are left out.
template <class Teacher, class Student>
class alignment {
 public:
  using T = typename Student::scalar_type;
  using B = typename Student::backend_type;
  /// Gradients of other tensors than those of recurrent mixers are neither read nor written.
  static constexpr bool trains_mixers_alone = true;

  alignment(const Teacher& teacher, const Student& student, const alignment_options& options = {})
      : teacher_(teacher), student_(student), options_(options) {
    require(teacher.config.layers == student.config.layers &&
                teacher.config.hidden == student.config.hidden,
            "align: the teacher has ", teacher.config.layers, " layers of width ",
            teacher.config.hidden, ", the student ", student.config.layers, " of width ",
            student.config.hidden);
    for (std::int64_t i = 0; i < student.config.layers; ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (student.config.mixers[at] != teacher.config.mixers[at]) aligned_.push_back(i);
    }
    require(!aligned_.empty(), "align: every layer of the student has the teacher's mixer");
    const std::int64_t provider = student.layers.provider();
    require(provider < 0 || std::find(aligned_.begin(), aligned_.end(), provider) != aligned_.end(),
            "align: layer ", provider,
            " provides v_first to later layers but has the teacher's mixer");
  }

  bool needs_targets() const { return false; }

  /// Positions of rows that the loss counts.
  std::int64_t counted(B& b, view_on<const std::int32_t, 2, B> ids) const {
    return count_tokens<B>(b, ids, tokens_of(ids), options_.is_marked);
  }

  /// Loss of ids (rows, tokens), or of marked rows, times `share`; adds its gradient to `grads`
  /// unless that is null. A share below one is for rows that are part of a batch. Throws, naming
  /// the layer, when a loss is not finite.
  batch_loss operator()(B& b, view_on<const std::int32_t, 2, B> ids,
                        typename Student::params* grads, double share = 1) {
    batch_loss result;
    result.layers.assign(static_cast<std::size_t>(student_.config.layers), 0.0);
    const std::int64_t count = counted(b, ids);
    if (count == 0) return result;
    const double scale =
        share * factor() / (static_cast<double>(aligned_.size()) * static_cast<double>(count));
    for_each_micro_batch(ids, options_.micro_batch, [&](auto rows) {
      run(b, rows, scale, grads, are_last(rows, ids), result);
    });
    for (const std::int64_t layer : aligned_) {
      double& loss = result.layers[static_cast<std::size_t>(layer)];
      result.loss += loss;
      loss *= static_cast<double>(aligned_.size());
      require(std::isfinite(loss), "align: the loss of layer ", layer, " is ", loss);
    }
    return result;
  }

  /// Has `watch` told of the backward pass, nobody if it is null.
  void watch(const backward_watch* watch) { watch_.watch(watch); }
  template <class F>
  void for_each_by_finish(typename Student::params& grads, F&& f) const {
    for (const std::int64_t layer : aligned_) {
      grads.layers.for_each_of_layer(layer, [&](auto& each) { f(finish_of(layer), each); });
    }
  }

  /// The graphs of its work.
  const graph_capture<B>& graph() const { return work_.graph(); }

 private:
  double factor() const {
    const auto width = static_cast<double>(student_.config.hidden);
    return options_.is_squared ? 1.0 / width : 1.0 / std::sqrt(width);
  }

  std::int64_t tokens_of(view_on<const std::int32_t, 2, B> ids) const {
    return options_.is_marked ? ids.extent(1) / 2 : ids.extent(1);
  }

  void run(B& b, view_on<const std::int32_t, 2, B> ids, double scale,
           typename Student::params* grads, bool is_last, batch_loss& result) {
    const auto count = static_cast<std::int64_t>(aligned_.size());
    std::int64_t size = ids.size();
    if (options_.is_marked) {
      counted_.take(b, read_marked_rows<B>(b, ids, tokens_of(ids)), student_.config.vocabulary);
      size = counted_.count();
      if (size == 0) return;
      losses_.resize(b, {count, size});
      enqueue(b, counted_.ids(), scale, grads);
    } else {
      losses_.resize(b, {count, size});
      work_.run(
          b, ids, student_.config.vocabulary, scale, memory_of(grads),
          [&](auto rows) { enqueue(b, rows, scale, grads); }, watch_);
    }
    watch_.launched(is_last);
    const auto losses = to_host(b, losses_);
    for (std::int64_t i = 0; i < count; ++i) {
      double total = 0;
      for (std::int64_t n = 0; n < size; ++n)
        total += static_cast<double>(losses[static_cast<std::size_t>(i * size + n)]);
      result.layers[static_cast<std::size_t>(aligned_[static_cast<std::size_t>(i)])] += total;
    }
  }

  void enqueue(B& b, view_on<const std::int32_t, 2, B> ids, double scale,
               typename Student::params* grads) {
    teacher_.forward_captured(b, ids, teacher_saved_);
    const auto& config = student_.config;
    const shape<3> wide{ids.extent(0), ids.extent(1), config.heads * config.head_size};
    const std::int64_t provider = student_.layers.provider();
    v_first_.resize(b, wide);
    dv_first_.resize(b, wide);
    set_zero<T, 3, B>(b, dv_first_);
    // The provider's backward waits for the gradients that later layers send to v_first, so its
    // activations are kept apart from those the others share.
    for (std::size_t i = 0; i < aligned_.size(); ++i) {
      const std::int64_t layer = aligned_[i];
      place& own = layer == provider ? provider_ : shared_;
      forward(b, layer, own, scale,
              {losses_.whole().row(static_cast<std::int64_t>(i)), {losses_.extent(1)}});
      if (grads != nullptr && layer != provider) backward(b, layer, own, *grads);
    }
    if (grads != nullptr && provider >= 0) backward(b, provider, provider_, *grads);
  }

  struct place {
    typename Student::layers_type::saved saved;
    tensor<T, 3, B> y, dy;  // (B, T, C)
  };

  void forward(B& b, std::int64_t layer, place& at, double scale,
               view_on<accumulate_t<T>, 1, B> losses) {
    const auto& captured = teacher_saved_.layers.captured_of(layer);
    const shape<3> sizes = captured.input.sizes();
    const shape<2> rows{sizes[0] * sizes[1], sizes[2]};
    at.y.resize(b, sizes);
    at.dy.resize(b, sizes);
    student_.layers.with_layer(layer, student_.weights.layers, [&](const auto& c, const auto& p) {
      using block_type = typename std::remove_cvref_t<decltype(c)>::block_type;
      auto& saved = at.saved.template of<block_type>(layer).mixer;
      saved.is_training = true;
      block_type::mixer::template forward<T, B>(b, c.mixer, p.mixer, {captured.input, v_first_},
                                                at.y, nullptr, saved);
    });
    const auto y = reshape<2>(at.y.read(), rows), target = reshape<2>(captured.output.read(), rows);
    const auto dy = reshape<2>(at.dy.whole(), rows);
    if (!options_.is_marked) return compare(b, scale, y, target, losses, dy);
    scratch_scope<B> scope(b);
    const auto dcounted = scope.template take<T, 2>({counted_.count(), sizes[2]});
    compare(b, scale, counted_.template gathered<T>(b, scope, y),
            counted_.template gathered<T>(b, scope, target), losses, dcounted);
    counted_.template scatter<T>(b, dcounted, dy);
  }

  void compare(B& b, double scale, view_on<const T, 2, B> y, view_on<const T, 2, B> target,
               view_on<accumulate_t<T>, 1, B> losses, view_on<T, 2, B> dy) {
    const auto weight = static_cast<real_t<T>>(scale);
    if (options_.is_squared) {
      ops::alignment_mse<T>(b, weight, y, target, losses, dy);
    } else {
      ops::alignment_l2<T>(b, weight, y, target, losses, dy);
    }
  }

  void backward(B& b, std::int64_t layer, place& at, typename Student::params& grads) {
    const auto& captured = teacher_saved_.layers.captured_of(layer);
    student_.layers.with_layer(layer, student_.weights.layers, [&](const auto& c, const auto& p) {
      using block_type = typename std::remove_cvref_t<decltype(c)>::block_type;
      auto& g = std::get<typename block_type::template params<T, B>>(
          grads.layers.layers[static_cast<std::size_t>(layer)]);
      block_type::mixer::template backward<T, B>(
          b, c.mixer, p.mixer, at.saved.template of<block_type>(layer).mixer,
          {captured.input, v_first_}, at.dy, {{}, dv_first_}, g.mixer);
    });
    watch_.finished(finish_of(layer));
  }

  /// When the gradients of a layer are final: those of the provider come last.
  std::int64_t finish_of(std::int64_t layer) const {
    return layer == student_.layers.provider() ? student_.config.layers : layer;
  }

  const Teacher& teacher_;
  const Student& student_;
  alignment_options options_;
  std::vector<std::int64_t> aligned_;
  typename Teacher::saved teacher_saved_;
  place shared_, provider_;
  tensor<T, 3, B> v_first_, dv_first_;    // (B, T, D_a)
  tensor<accumulate_t<T>, 2, B> losses_;  // (aligned layers, B T)
  counted_tokens<B> counted_;
  micro_batch_work<B> work_;
  watched watch_;
};

}  // namespace radlads::distill
