// SPDX-License-Identifier: Apache-2.0
#pragma once
// AdamW whose moments are spread over ranks (ZeRO, stage 1: Rajbhandari et al. 2020,
// https://arxiv.org/abs/1910.02054): of every bucket of the parameters each rank sums the gradients
// of its part, updates it, and hands the new numbers to the others.

#include "radlads/core/backend.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/ops/map.hpp"
#include "radlads/ops/sum_rows.hpp"
#include "radlads/optim/adamw.hpp"
#include "radlads/optim/clip.hpp"
#include "radlads/optim/gradient_sums.hpp"
#include "radlads/parallel/agreement.hpp"
#include "radlads/parallel/communicator.hpp"
#include "radlads/parallel/flat_tensors.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace radlads::optim {

/// What ranks that train one model share out instead of keeping it whole.
enum class sharding {
  none,
  optimizer,  ///< the moments, and the master of parameters of a storage type
};

/// This rank's part of the moments of parameters of T and, where T is a storage type (bf16), of
/// their master copy, which the update changes and the parameters are rounded from. All calls are
/// made by all ranks, with the same communicator and the same choice of tensors, `trained`.
template <class T, backend B>
class sharded_adamw {
 public:
  /// The scalar of moments, master and sums of gradients.
  using exact = accumulate_t<T>;
  static constexpr bool has_master = !std::is_same_v<T, exact>;

  explicit sharded_adamw(std::int64_t bucket = parallel::usual_bucket) : bucket_(bucket) {}

  /// Zero moments for this rank's part of `params`, of which the master is a copy.
  template <parallel::communicator<B> C, parameter_set P, class Trained>
  void start(C& ranks, B& b, const P& params, const Trained& trained) {
    const parallel::flat_tensors<const T> row(params, trained);
    reset(ranks, b, row);
    if constexpr (has_master) {
      for_each_bucket(ranks, row.size(),
                      [&](const parallel::part&, const parallel::part& own, auto offset) {
                        read_exact(b, row, own, master_.data() + offset);
                      });
    }
  }

  /// The same with a master from `master`, whose parameters are in the accumulation type.
  template <parallel::communicator<B> C, parameter_set P, parameter_set M, class Trained>
  void start_from(C& ranks, B& b, const P& params, const M& master, const Trained& trained) {
    static_assert(has_master, "only parameters of a storage type have a master");
    reset(ranks, b, parallel::flat_tensors<const T>(params, trained));
    take(ranks, b, master, trained, master_);
  }

  /// Sums `gradients`, which stay as they are, over ranks; the norm of the sum and the factor as of
  /// clip(). Throws, with the tensor's name, on a sum that is not finite.
  template <parallel::communicator<B> C, parameter_set P, class Trained>
  gradient_norm sum(C& ranks, B& b, const P& gradients, const Trained& trained, double max_norm) {
    const parallel::flat_tensors<const T> row(gradients, trained);
    for_each_bucket(ranks, row.size(),
                    [&](const parallel::part& all, const parallel::part& own, auto offset) {
                      sum_bucket(ranks, b, row, {all, own, offset}, sent_.data());
                    });
    return norm_of_sum(ranks, b, gradients, trained, max_norm);
  }

  /// The sum over ranks of one bucket of gradients, by way of `staging`. When all buckets of a row
  /// have been summed, norm_of_sum() is what sum() returns.
  template <parallel::communicator<B> C, class Row>
  void sum_bucket(C& ranks, B& b, const Row& row, const bucket_place& place, exact* staging) {
    read_exact(b, row, place.all, staging);
    ranks.reduce_scatter(b, view_on<const exact, 1, B>(staging, {place.all.size()}),
                         flat(gradient_, place.offset, place.own.size()));
  }

  template <parallel::communicator<B> C, parameter_set P, class Trained>
  gradient_norm norm_of_sum(C& ranks, B& b, const P& gradients, const Trained& trained,
                            double max_norm) {
    const parallel::flat_tensors<const T> row(gradients, trained);
    parallel::wait_for_ranks(ranks, b);
    const double squares = ops::sum_squares<exact, B>(b, gradient_.read());
    double total = 0;
    for (const double each : parallel::gather<double>(ranks, b, std::span(&squares, 1))) {
      total += each;
    }
    if (!std::isfinite(total)) refuse(ranks, b, row, squares);
    return factor_of(std::sqrt(total), max_norm);
  }

  /// One update of `params`, the `steps`-th, from the last sum times `gradient_scale`.
  /// rate_of(info) as for adamw::update.
  template <parallel::communicator<B> C, parameter_set P, class Trained, class Rates>
  void update(C& ranks, B& b, P& params, const Trained& trained, const adamw_options& options,
              std::int64_t steps, const Rates& rate_of, double gradient_scale) {
    const parallel::flat_tensors<T> row(params, trained);
    for_each_bucket(
        ranks, row.size(), [&](const parallel::part& all, const parallel::part& own, auto offset) {
          row.for_each_piece(own, [&](const auto& each, auto first, auto position, auto count) {
            const double rate = rate_of(each.info);
            if (!(rate > 0)) return;
            const std::int64_t at = offset + position - own.begin;
            change(b, make_adamw_step<exact>(options, steps, rate, gradient_scale),
                   exact_values(each.data + first, at), at, count);
          });
          // The sums have been used up: their place holds this rank's new numbers.
          tensor<exact, 1, B>& changed = has_master ? master_ : gradient_;
          if constexpr (!has_master) row.read(b, own, changed.data() + offset);
          gather_bucket(ranks, b, changed, {all, own, offset});
          write_rounded(b, row, all, static_cast<const exact*>(sent_.data()));
        });
    parallel::wait_for_ranks(ranks, b);
  }

  /// Copies the moments of all ranks to m and v on rank 0, where these have the parameters' shapes;
  /// other ranks' are left alone.
  template <parallel::communicator<B> C, parameter_set P, parameter_set M, class Trained>
  void collect(C& ranks, B& b, M& m, M& v, const P& params, const Trained& trained) {
    give(ranks, b, m_, m, params, trained, ranks.rank() == 0);
    give(ranks, b, v_, v, params, trained, ranks.rank() == 0);
  }

  /// The same of the master, on ranks that are `to_keep` it.
  template <parallel::communicator<B> C, parameter_set P, parameter_set M, class Trained>
  void collect_master(C& ranks, B& b, M& master, const P& params, const Trained& trained,
                      bool to_keep) {
    give(ranks, b, master_, master, params, trained, to_keep);
  }

  /// Takes this rank's part of moments that have the parameters' shapes.
  template <parallel::communicator<B> C, parameter_set M, class Trained>
  void adopt(C& ranks, B& b, const M& m, const M& v, const Trained& trained) {
    take(ranks, b, m, trained, m_);
    take(ranks, b, v, trained, v_);
  }

  /// The same of a master.
  template <parallel::communicator<B> C, parameter_set M, class Trained>
  void adopt_master(C& ranks, B& b, const M& master, const Trained& trained) {
    take(ranks, b, master, trained, master_);
  }

  /// Frees the moments, after the last update.
  void release_moments() {
    for (tensor<exact, 1, B>* each : {&gradient_, &m_, &v_}) each->release();
  }

  /// Elements of this rank's part.
  std::int64_t own_size() const { return m_.size(); }

 private:
  static view_on<exact, 1, B> flat(tensor<exact, 1, B>& values, std::int64_t offset,
                                   std::int64_t count) {
    return {values.data() + offset, {count}};
  }

  template <class C, class F>
  void for_each_bucket(C& ranks, std::int64_t count, F&& f) {
    parallel::for_each_bucket(count, bucket_, ranks.rank(), ranks.size(), f);
  }

  template <class C>
  void reset(C& ranks, B& b, const parallel::flat_tensors<const T>& row) {
    const std::int64_t own = parallel::own_count(row.size(), bucket_, ranks.rank(), ranks.size());
    for (tensor<exact, 1, B>* each : {&gradient_, &m_, &v_}) each->resize(b, {own});
    if constexpr (has_master) master_.resize(b, {own});
    sent_.resize(b, {std::min(bucket_, row.size())});
    set_zero<exact, 1, B>(b, m_);
    set_zero<exact, 1, B>(b, v_);
  }

  /// What the update changes: parameters themselves, or their master from element `at` on.
  exact* exact_values(T* parameters, std::int64_t at) {
    if constexpr (has_master) {
      return master_.data() + at;
    } else {
      return parameters;
    }
  }

  /// Updates `count` numbers, whose gradient and moments are this rank's from `at` on.
  void change(B& b, const adamw_step<exact>& step, exact* numbers, std::int64_t at,
              std::int64_t count) {
    const view_on<exact, 1, B> values(numbers, {count});
    const view_on<exact, 1, B> m = flat(m_, at, count), v = flat(v_, at, count);
    ops::elementwise<exact>(b, step, ops::outputs(values, m, v),
                            ops::inputs(values, flat(gradient_, at, count), m, v));
  }

  /// Brings the numbers of a bucket that ranks have in `own` to sent_, on all ranks.
  template <class C>
  void gather_bucket(C& ranks, B& b, tensor<exact, 1, B>& own, const bucket_place& place) {
    ranks.all_gather(b, view_on<const exact, 1, B>(flat(own, place.offset, place.own.size())),
                     view_on<exact, 1, B>(sent_.data(), {place.all.size()}));
  }

  template <class C, class P, class M, class Trained>
  void give(C& ranks, B& b, tensor<exact, 1, B>& own, M& set, const P& params,
            const Trained& trained, bool to_keep) {
    const parallel::flat_tensors<const T> like(params, trained);
    const parallel::flat_tensors<exact> row(set, trained);
    for_each_bucket(ranks, like.size(),
                    [&](const parallel::part& all, const parallel::part& mine, auto offset) {
                      gather_bucket(ranks, b, own, {all, mine, offset});
                      if (to_keep) row.write(b, all, sent_.data());
                    });
    parallel::wait_for_ranks(ranks, b);
  }

  template <class C, class M, class Trained>
  void take(C& ranks, B& b, const M& set, const Trained& trained, tensor<exact, 1, B>& own) {
    const parallel::flat_tensors<const exact> row(set, trained);
    for_each_bucket(ranks, row.size(),
                    [&](const parallel::part&, const parallel::part& mine, std::int64_t offset) {
                      row.read(b, mine, own.data() + offset);
                    });
  }

  /// Throws, on all ranks, with the first tensor that is not finite.
  template <class C>
  [[noreturn]] void refuse(C& ranks, B& b, const parallel::flat_tensors<const T>& row,
                           double squares) {
    const auto all = parallel::gather<double>(ranks, b, std::span(&squares, 1));
    const auto at =
        std::find_if(all.begin(), all.end(), [](double x) { return !std::isfinite(x); });
    const int rank = at == all.end() ? 0 : static_cast<int>(at - all.begin());
    std::string name;
    for_each_bucket(ranks, row.size(), [&](const auto&, const parallel::part& own, auto offset) {
      row.for_each_piece(own, [&](const auto& each, auto, auto position, auto count) {
        const auto piece = flat(gradient_, offset + position - own.begin, count);
        if (name.empty() && !std::isfinite(ops::sum_squares<exact, B>(b, piece)))
          name = each.info.name;
      });
    });
    fail("clip: the gradient of ", parallel::broadcast_text(ranks, b, name, rank),
         " is not finite");
  }

  std::int64_t bucket_;
  tensor<exact, 1, B> gradient_, m_, v_;  // of this rank, bucket behind bucket
  tensor<exact, 1, B> master_;            // the same, only of parameters of a storage type
  tensor<exact, 1, B> sent_;              // a bucket
};

}  // namespace radlads::optim
