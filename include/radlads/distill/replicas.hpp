// SPDX-License-Identifier: Apache-2.0
#pragma once
// An objective run on several parts of a batch at once, one thread each, with activations and
// gradients of its own. Narrow models train so: their operations are too short to be worth
// splitting, whole sequences are not. The parts and the order of the sum depend on the number of
// replicas alone.

#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/core/view.hpp"
#include "radlads/distill/objective.hpp"
#include "radlads/ops/map.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace radlads::distill {

/// Number of replicas worth having for a model of this width: one a thread while an operation on
/// one sequence is too short to be split, one in all beyond.
inline int replica_count(std::int64_t hidden, int threads) { return hidden <= 512 ? threads : 1; }

/// `Objective` for models with parameters `P`, once for each part of a batch. A single one runs on
/// all threads of the caller's backend.
template <class Objective, parameter_set P>
class replicas {
 public:
  static constexpr bool trains_mixers_alone = requires { requires Objective::trains_mixers_alone; };

  /// Makes `count` objectives from the same arguments. The models they refer to are shared.
  template <class... Arguments>
  explicit replicas(int count, const Arguments&... arguments) {
    require(count > 0, "replicas: their number is ", count);
    for (int i = 0; i < count; ++i) parts_.push_back(std::make_unique<part>(arguments...));
  }

  bool needs_targets() const { return parts_.front()->objective.needs_targets(); }

  /// Positions of rows that the loss counts.
  std::int64_t counted(cpu_backend& b, view<const std::int32_t, 2> ids) const {
    return parts_.front()->objective.counted(b, ids);
  }

  /// As the objective's own call: loss of ids (rows, tokens) times `share`, its gradient added to
  /// `grads` unless that is null.
  batch_loss operator()(cpu_backend& b, view<const std::int32_t, 2> ids, P* grads,
                        double share = 1) {
    if (parts_.size() == 1) return parts_.front()->objective(b, ids, grads, share);
    const std::int64_t rows = ids.extent(0);
    const auto count = std::min(static_cast<std::int64_t>(parts_.size()), rows);
    const std::int64_t counted = this->counted(b, ids);
    if (grads != nullptr) {
      for (const auto& each : parts_) prepare(*each, *grads);
    }
    b.parallel_for(count, 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) {
        run(*parts_[static_cast<std::size_t>(i)], ids, rows * i / count, rows * (i + 1) / count,
            counted, grads != nullptr, share);
      }
    });
    batch_loss total;
    for (std::int64_t i = 0; i < count; ++i) {
      const part& each = *parts_[static_cast<std::size_t>(i)];
      total.loss += each.loss.loss;
      total.layers.resize(each.loss.layers.size());
      for (std::size_t l = 0; l < total.layers.size(); ++l) total.layers[l] += each.loss.layers[l];
      if (grads != nullptr) add(b, each.gradients, *grads);
    }
    return total;
  }

 private:
  struct part {
    template <class... Arguments>
    explicit part(const Arguments&... arguments) : objective(arguments...) {}
    // The memory outlives what is allocated from it: members go in reverse order.
    cpu_backend backend{{.threads = 1}};
    Objective objective;
    P gradients;
    bool is_prepared = false;
    batch_loss loss;
  };

  static void prepare(part& p, const P& like) {
    if (!p.is_prepared) allocate_like(p.backend, like, p.gradients);
    p.is_prepared = true;
  }

  /// Runs rows from `first` on of a batch of which the loss counts `counted` tokens.
  static void run(part& p, view<const std::int32_t, 2> ids, std::int64_t first, std::int64_t end,
                  std::int64_t counted, bool has_gradient, double of_batch) {
    ids.pointer += first * ids.stride(0);
    ids.extents[0] = end - first;
    const auto own = static_cast<double>(p.objective.counted(p.backend, ids));
    const double share = counted == 0 ? 0 : of_batch * own / static_cast<double>(counted);
    if (has_gradient) set_zero_all(p.backend, p.gradients);
    p.loss = p.objective(p.backend, ids, has_gradient ? &p.gradients : nullptr, share);
  }

  static void add(cpu_backend& b, const P& from, P& to) {
    P::for_each(
        [&](const std::string&, const auto& source, auto& target) {
          using T = typename std::remove_cvref_t<decltype(target)>::element_type;
          ops::elementwise<T>(b, ops::sum_of_two{}, ops::outputs(target.flat()),
                              ops::inputs(target.flat(), source.flat()));
        },
        from, to);
  }

  std::vector<std::unique_ptr<part>> parts_;
};

}  // namespace radlads::distill
