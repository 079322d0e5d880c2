// SPDX-License-Identifier: Apache-2.0
#pragma once
// What several processes that train one model tell each other. A communicator knows its rank among
// `size` and sums, spreads and gathers numbers that lie in a backend's memory.
//
// Every rank makes the same calls in the same order, with views of the same sizes. A sum depends on
// the ranks' numbers and on how many ranks there are, and on nothing else: the same ranks give the
// same bytes, and every rank gets the same ones.

#include "radlads/core/backend.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/view.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace radlads::parallel {

/// A range of elements.
struct part {
  std::int64_t begin = 0, end = 0;
  std::int64_t size() const { return end - begin; }
};

/// The elements of `count` that belong to one of `size` ranks: consecutive, all of them, and no
/// rank has two more than another.
inline part part_of(std::int64_t count, int rank, int size) {
  const auto at = [&](std::int64_t index) {
    return count / size * index + count % size * index / size;
  };
  return {at(rank), at(std::int64_t{rank} + 1)};
}

/// What a communicator does with views of T on backend B, all of one dense axis:
/// - all_reduce(b, values): overwrites `values` with their sum over ranks
/// - reduce_scatter(b, values, own): overwrites `own` with this rank's part of the sum of `values`
/// - all_gather(b, own, values): overwrites `values` with the parts of all ranks, `own` this one's
/// - broadcast(b, values, root): overwrites `values` with those of rank `root`
/// A rank's part is part_of(values.size(), rank, size).
template <class C, class B, class T>
concept communicates = requires(C& c, B& b, view_on<T, 1, B> values, view_on<const T, 1, B> read,
                                int root) {
  c.all_reduce(b, values);
  c.reduce_scatter(b, read, values);
  c.all_gather(b, read, values);
  c.broadcast(b, values, root);
};

/// A communicator for numbers in the memory of B: float, double and 64-bit integers. barrier()
/// returns when every rank has called it.
template <class C, class B>
concept communicator = backend<B> && communicates<C, B, float> && communicates<C, B, double> &&
    communicates<C, B, std::int64_t> && requires(C& c, const C& constant) {
  { constant.rank() } -> std::same_as<int>;
  { constant.size() } -> std::same_as<int>;
  c.barrier();
};

/// Throws unless `own` is as long as the part of `count` elements that `rank` has.
template <class Own>
void require_part(const Own& own, std::int64_t count, int rank, int size, const char* where) {
  const std::int64_t expected = part_of(count, rank, size).size();
  require(own.size() == expected, where, ": rank ", rank, " of ", size, " has ", expected, " of ",
          count, " elements, and its view has ", own.size());
}

/// The communicator of a process on its own. Nothing is sent, and sums are what they are.
class single {
 public:
  int rank() const { return 0; }
  int size() const { return 1; }

  template <backend B, class View>
  void all_reduce(B&, const View&) {}

  template <backend B, class From, class To>
  void reduce_scatter(B& b, const From& values, const To& own) {
    require_part(own, values.size(), 0, 1, "reduce_scatter");
    copy_elements(b, values, own);
  }

  template <backend B, class From, class To>
  void all_gather(B& b, const From& own, const To& values) {
    require_part(own, values.size(), 0, 1, "all_gather");
    copy_elements(b, own, values);
  }

  template <backend B, class View>
  void broadcast(B&, const View&, int root) {
    require(root == 0, "broadcast: there is no rank ", root, ", only rank 0");
  }

  void barrier() {}

 private:
  template <class B, class From, class To>
  static void copy_elements(B& b, const From& from, const To& to) {
    if (from.pointer == to.pointer || from.size() == 0) return;
    b.copy(to.pointer, from.pointer, static_cast<std::size_t>(from.size()) * sizeof(*to.pointer));
  }
};

}  // namespace radlads::parallel
