// SPDX-License-Identifier: Apache-2.0
#pragma once
// Tensors of a parameter set as one long row of numbers, which ranks share out among them whatever
// the sizes of the tensors are. The row is cut into buckets, which are sent one at a time, and each
// rank has its part of every bucket.

#include "radlads/core/backend.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/core/tensor_info.hpp"
#include "radlads/parallel/communicator.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace radlads::parallel {

/// Numbers of a bucket: 16 MiB of floats.
inline constexpr std::int64_t usual_bucket = std::int64_t{1} << 22;

/// The chosen tensors of a set, in the order of for_each, one after the other. Refers to their
/// memory, which must stay where it is.
template <class T>
class flat_tensors {
 public:
  /// A tensor, and where it begins in the row.
  struct entry {
    tensor_info info;
    T* data;
    std::int64_t begin, count;
  };

  /// The tensors that are `wanted(info)`. They must be of one type.
  template <parameter_set P, class Wanted>
  flat_tensors(P& set, const Wanted& wanted) {
    std::remove_const_t<P>::for_each(
        [&](const tensor_info& info, auto& each) {
          using element = typename std::remove_cvref_t<decltype(each)>::element_type;
          static_assert(std::is_same_v<element, std::remove_const_t<T>>,
                        "tensors of another type than the row");
          if (!wanted(info)) return;
          entries_.push_back({info, each.data(), size_, each.size()});
          size_ += each.size();
        },
        set);
  }

  std::int64_t size() const { return size_; }
  const std::vector<entry>& entries() const { return entries_; }

  /// Calls f(entry, offset, position, count) for what elements [range.begin, range.end) of the row
  /// have of each tensor: `count` elements from `offset` of the tensor, from `position` of the row.
  template <class F>
  void for_each_piece(const part& range, F&& f) const {
    auto at = std::upper_bound(
        entries_.begin(), entries_.end(), range.begin,
        [](std::int64_t place, const entry& each) { return place < each.begin + each.count; });
    for (; at != entries_.end() && at->begin < range.end; ++at) {
      const std::int64_t first = std::max(range.begin, at->begin);
      const std::int64_t end = std::min(range.end, at->begin + at->count);
      if (end > first) f(*at, first - at->begin, first, end - first);
    }
  }

  /// Copies elements of the row to `to`, or from `from` into it.
  template <backend B>
  void read(B& b, const part& range, std::remove_const_t<T>* to) const {
    for_each_piece(range, [&](const entry& each, auto offset, auto position, auto count) {
      b.copy(to + (position - range.begin), each.data + offset, bytes(count));
    });
  }
  template <backend B>
  void write(B& b, const part& range, const T* from) const {
    for_each_piece(range, [&](const entry& each, auto offset, auto position, auto count) {
      b.copy(each.data + offset, from + (position - range.begin), bytes(count));
    });
  }

 private:
  static std::size_t bytes(std::int64_t count) {
    return static_cast<std::size_t>(count) * sizeof(T);
  }

  std::vector<entry> entries_;
  std::int64_t size_ = 0;
};

/// Calls f(bucket, own, offset) for the buckets of a row of `count` elements: the bucket and this
/// rank's part of it in elements of the row, and how many elements the rank has in those before.
template <class F>
void for_each_bucket(std::int64_t count, std::int64_t bucket, int rank, int size, F&& f) {
  require(bucket > 0, "buckets of ", bucket, " elements");
  std::int64_t offset = 0;
  for (std::int64_t first = 0; first < count; first += bucket) {
    const std::int64_t length = std::min(bucket, count - first);
    const part mine = part_of(length, rank, size);
    f(part{first, first + length}, part{first + mine.begin, first + mine.end}, offset);
    offset += mine.size();
  }
}

/// How many elements of a row a rank has, over all buckets.
inline std::int64_t own_count(std::int64_t count, std::int64_t bucket, int rank, int size) {
  std::int64_t total = 0;
  for_each_bucket(count, bucket, rank, size,
                  [&](const part&, const part& own, std::int64_t) { total += own.size(); });
  return total;
}

/// Overwrites the tensors of a set that are `wanted(info)` with their sums over ranks.
template <class T, parameter_set P, backend B, communicator<B> C, class Wanted>
void sum_over_ranks(C& ranks, B& b, P& set, const Wanted& wanted,
                    std::int64_t bucket = usual_bucket) {
  static_assert(std::is_same_v<T, accumulate_t<T>>, "sums are of numbers that are not rounded");
  const flat_tensors<T> row(set, wanted);
  tensor<T, 1, B> sent(b, {std::min(bucket, row.size())});
  for_each_bucket(row.size(), bucket, ranks.rank(), ranks.size(),
                  [&](const part& range, const part&, std::int64_t) {
                    row.read(b, range, sent.data());
                    ranks.all_reduce(b, view_on<T, 1, B>(sent.data(), {range.size()}));
                    row.write(b, range, sent.data());
                  });
}

}  // namespace radlads::parallel
