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
  optimizer,  ///< the moments
};

/// This rank's part of the moments of parameters of T, which is float or double. All calls are made
/// by all ranks, with the same communicator and the same choice of tensors, `trained`.
template <class T, backend B>
class sharded_adamw {
  static_assert(std::is_same_v<T, accumulate_t<T>>, "parameters of a storage type are not sharded");

 public:
  explicit sharded_adamw(std::int64_t bucket = parallel::usual_bucket) : bucket_(bucket) {}

  /// Zero moments for this rank's part of `params`.
  template <parallel::communicator<B> C, parameter_set P, class Trained>
  void start(C& ranks, B& b, const P& params, const Trained& trained) {
    const parallel::flat_tensors<const T> row(params, trained);
    const std::int64_t own = parallel::own_count(row.size(), bucket_, ranks.rank(), ranks.size());
    for (tensor<T, 1, B>* each : {&gradient_, &m_, &v_}) each->resize(b, {own});
    sent_.resize(b, {std::min(bucket_, row.size())});
    set_zero<T, 1, B>(b, m_);
    set_zero<T, 1, B>(b, v_);
  }

  /// Sums `gradients`, which stay as they are, over ranks; the norm of the sum and the factor as of
  /// clip(). Throws, with the tensor's name, on a sum that is not finite.
  template <parallel::communicator<B> C, parameter_set P, class Trained>
  gradient_norm sum(C& ranks, B& b, const P& gradients, const Trained& trained, double max_norm) {
    const parallel::flat_tensors<const T> row(gradients, trained);
    for_each_bucket(ranks, row.size(),
                    [&](const parallel::part& all, const parallel::part& own, auto offset) {
                      row.read(b, all, sent_.data());
                      ranks.reduce_scatter(b, view_on<const T, 1, B>(sent_.data(), {all.size()}),
                                           flat(gradient_, offset, own.size()));
                    });
    const double squares = ops::sum_squares<T, B>(b, gradient_.read());
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
    const auto change = [&](const auto& each, T* p, std::int64_t at, std::int64_t count) {
      const double rate = rate_of(each.info);
      if (!(rate > 0)) return;
      const view_on<T, 1, B> values(p, {count}), m = flat(m_, at, count), v = flat(v_, at, count);
      ops::elementwise<T>(b, make_adamw_step<real_t<T>>(options, steps, rate, gradient_scale),
                          ops::outputs(values, m, v),
                          ops::inputs(values, flat(gradient_, at, count), m, v));
    };
    for_each_bucket(ranks, row.size(),
                    [&](const parallel::part& all, const parallel::part& own, std::int64_t at) {
                      row.for_each_piece(
                          own, [&](const auto& each, auto offset, auto position, auto count) {
                            change(each, each.data + offset, at + position - own.begin, count);
                          });
                      // The sums have been used up: their place holds this rank's new numbers.
                      row.read(b, own, gradient_.data() + at);
                      ranks.all_gather(b, view_on<const T, 1, B>(flat(gradient_, at, own.size())),
                                       view_on<T, 1, B>(sent_.data(), {all.size()}));
                      row.write(b, all, sent_.data());
                    });
  }

  /// Copies the moments of all ranks to m and v on rank 0, where these have the parameters' shapes;
  /// other ranks' are left alone.
  template <parallel::communicator<B> C, parameter_set P, class Trained>
  void collect(C& ranks, B& b, P& m, P& v, const P& params, const Trained& trained) {
    const parallel::flat_tensors<const T> like(params, trained);
    for (const auto& [own, set] : {pair<P>{m_, m}, pair<P>{v_, v}}) {
      const parallel::flat_tensors<T> row(set, trained);
      for_each_bucket(ranks, like.size(),
                      [&](const parallel::part& all, const parallel::part& mine, auto offset) {
                        ranks.all_gather(b, view_on<const T, 1, B>(flat(own, offset, mine.size())),
                                         view_on<T, 1, B>(sent_.data(), {all.size()}));
                        if (ranks.rank() == 0) row.write(b, all, sent_.data());
                      });
    }
  }

  /// Takes this rank's part of moments that have the parameters' shapes.
  template <parallel::communicator<B> C, parameter_set P, class Trained>
  void adopt(C& ranks, B& b, const P& m, const P& v, const Trained& trained) {
    const parallel::flat_tensors<const T> first(m, trained), second(v, trained);
    for_each_bucket(ranks, first.size(),
                    [&](const parallel::part&, const parallel::part& own, std::int64_t offset) {
                      first.read(b, own, m_.data() + offset);
                      second.read(b, own, v_.data() + offset);
                    });
  }

  /// Elements of this rank's part.
  std::int64_t own_size() const { return m_.size(); }

 private:
  template <class P>
  struct pair {
    tensor<T, 1, B>& own;
    P& set;
  };

  static view_on<T, 1, B> flat(tensor<T, 1, B>& values, std::int64_t offset, std::int64_t count) {
    return {values.data() + offset, {count}};
  }

  template <class C, class F>
  void for_each_bucket(C& ranks, std::int64_t count, F&& f) {
    parallel::for_each_bucket(count, bucket_, ranks.rank(), ranks.size(), f);
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
        if (name.empty() && !std::isfinite(ops::sum_squares<T, B>(b, piece))) name = each.info.name;
      });
    });
    fail("clip: the gradient of ", parallel::broadcast_text(ranks, b, name, rank),
         " is not finite");
  }

  std::int64_t bucket_;
  tensor<T, 1, B> gradient_, m_, v_;  // of this rank, bucket behind bucket
  tensor<T, 1, B> sent_;              // a bucket
};

}  // namespace radlads::optim
