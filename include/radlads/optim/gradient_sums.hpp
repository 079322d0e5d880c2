// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gradients summed over ranks bucket by bucket, each as soon as the backward pass is through with
// it. The order of buckets depends on the model and the objective alone, so that it is the same on
// all ranks, also where one of them fails in the middle.

#include "radlads/core/backend.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/side_work.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/ops/convert.hpp"
#include "radlads/parallel/agreement.hpp"
#include "radlads/parallel/communicator.hpp"
#include "radlads/parallel/flat_tensors.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <type_traits>
#include <utility>
#include <vector>

namespace radlads::optim {

/// Copies elements of a row of T to numbers of the accumulation type, or back with one rounding.
template <class T, backend B>
void read_exact(B& b, const parallel::flat_tensors<T>& row, const parallel::part& range,
                accumulate_t<std::remove_const_t<T>>* to) {
  using scalar = std::remove_const_t<T>;
  using exact = accumulate_t<scalar>;
  if constexpr (std::is_same_v<scalar, exact>) {
    row.read(b, range, to);
  } else {
    row.for_each_piece(range, [&](const auto& each, auto offset, auto position, auto count) {
      ops::convert<scalar, exact>(b, view_on<const scalar, 1, B>(each.data + offset, {count}),
                                  view_on<exact, 1, B>(to + (position - range.begin), {count}));
    });
  }
}
template <class T, backend B>
void write_rounded(B& b, const parallel::flat_tensors<T>& row, const parallel::part& range,
                   const accumulate_t<T>* from) {
  using exact = accumulate_t<T>;
  if constexpr (std::is_same_v<T, exact>) {
    row.write(b, range, from);
  } else {
    row.for_each_piece(range, [&](const auto& each, auto offset, auto position, auto count) {
      ops::convert<exact, T>(b,
                             view_on<const exact, 1, B>(from + (position - range.begin), {count}),
                             view_on<T, 1, B>(each.data + offset, {count}));
    });
  }
}

/// A bucket of a row, this rank's part of it, and how many elements the rank has in those before.
struct bucket_place {
  parallel::part all, own;
  std::int64_t offset = 0;
  std::int64_t finish = 0;  ///< when all of its gradients are final, counted from 0
};

/// The buckets of a row of `count` elements by when they are final, then by place;
/// finish_of(part) is when elements of the row are.
template <class F>
std::vector<bucket_place> buckets_by_finish(std::int64_t count, std::int64_t bucket, int rank,
                                            int size, const F& finish_of) {
  std::vector<bucket_place> places;
  parallel::for_each_bucket(
      count, bucket, rank, size,
      [&](const parallel::part& all, const parallel::part& own, std::int64_t offset) {
        places.push_back({all, own, offset, finish_of(all)});
      });
  std::stable_sort(places.begin(), places.end(),
                   [](const auto& left, const auto& right) { return left.finish < right.finish; });
  return places;
}

/// The sums of one trainer's steps, beside the work of its backend.
template <class T, backend B>
class gradient_sums {
 public:
  using exact = accumulate_t<T>;

  gradient_sums(B& b, std::int64_t bucket) : backend_(b), side_(b), bucket_(bucket) {}

  /// Begins a step. `gradients` stay where they are until finish(); those that are `trained(info)`
  /// are summed. visit(f) calls f(index, tensor) for gradients that are final when mark `index` is
  /// set; others are when the objective returns. sum_bucket(b, row, place, staging) begins the sum
  /// of a bucket on the backend b, where `staging` has room for the numbers of one.
  template <class P, class Trained, class Visit, class Sum>
  void begin(P& gradients, const Trained& trained, int rank, int size, const Visit& visit,
             const Sum& sum_bucket) {
    std::map<const void*, std::int64_t> marks;
    end_ = 0;
    visit([&](std::int64_t index, const auto& tensor) {
      if (tensor.empty()) return;
      marks[tensor.data()] = index;
      end_ = std::max(end_, index + 1);
    });
    side_.resize(static_cast<std::size_t>(end_) + 1);
    const parallel::flat_tensors<T> row(gradients, trained);
    const auto finish_of = [&](const parallel::part& range) {
      std::int64_t last = 0;
      row.for_each_piece(range, [&](const auto& each, auto, auto, auto) {
        const auto found = marks.find(each.data);
        last = std::max(last, found == marks.end() ? end_ : found->second);
      });
      return last;
    };
    places_ = buckets_by_finish(row.size(), bucket_, rank, size, finish_of);
    staging_.resize(backend_, {std::min(bucket_, row.size())});
    sent_ = 0;
    send_ = [this, row, sum_bucket](const bucket_place& place) {
      sum_bucket(side_.backend(), row, place, staging_.data());
    };
  }

  /// Sets a mark: behind the last work on the gradients of that index, if this micro-batch is the
  /// last.
  void mark(std::int64_t index) { side_.mark(static_cast<std::size_t>(index)); }

  /// The work of the last micro-batch is on the backend: sums what has a mark, beside the rest.
  void launched() {
    for (; sent_ < places_.size() && places_[sent_].finish < end_; ++sent_) {
      side_.after(static_cast<std::size_t>(places_[sent_].finish));
      send_(places_[sent_]);
    }
  }

  /// Sums what is left. What follows on the backend finds all sums.
  void finish() {
    mark(end_);
    side_.after(static_cast<std::size_t>(end_));
    for (; sent_ < places_.size(); ++sent_) send_(places_[sent_]);
    side_.join();
  }

  /// The buckets of the step, in the order of their sums.
  const std::vector<bucket_place>& places() const { return places_; }

 private:
  B& backend_;
  side_work<B> side_;
  std::int64_t bucket_;
  tensor<exact, 1, B> staging_;  // a bucket
  std::vector<bucket_place> places_;
  std::size_t sent_ = 0;  // of places_
  std::int64_t end_ = 0;  // the mark behind everything
  std::function<void(const bucket_place&)> send_;
};

/// Overwrites a bucket of the gradients with its sum over ranks, by way of `staging`.
template <class T, backend B, parallel::communicator<B> C>
void all_reduce_bucket(C& ranks, B& b, const parallel::flat_tensors<T>& row,
                       const bucket_place& place, accumulate_t<T>* staging) {
  read_exact(b, row, place.all, staging);
  ranks.all_reduce(b, view_on<accumulate_t<T>, 1, B>(staging, {place.all.size()}));
  write_rounded(b, row, place.all, static_cast<const accumulate_t<T>*>(staging));
}

}  // namespace radlads::optim
