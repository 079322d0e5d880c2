// SPDX-License-Identifier: Apache-2.0
#pragma once
// The loss of a batch whose rows are spread over ranks.

#include "radlads/core/backend.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/view.hpp"
#include "radlads/distill/objective.hpp"
#include "radlads/parallel/agreement.hpp"
#include "radlads/parallel/communicator.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace radlads::distill {

/// The rows of a batch (rows, tokens) that a rank has. Throws when it would have none.
template <class Space>
view<const std::int32_t, 2, Space> rows_of_rank(view<const std::int32_t, 2, Space> ids, int rank,
                                                int size) {
  const std::int64_t rows = ids.extent(0);
  require(rows >= size, "a batch of ", rows, " rows is too small for ", size,
          " ranks: each has at least one row");
  const parallel::part own = parallel::part_of(rows, rank, size);
  ids.pointer += own.begin * ids.stride(0);
  ids.extents[0] = own.size();
  return ids;
}

/// The share that rows have of what the loss of a whole batch counts: of its tokens, where the
/// objective counts them, else of its rows.
template <class Objective, backend B>
double share_of(B& b, const Objective& objective, view_on<const std::int32_t, 2, B> own,
                view_on<const std::int32_t, 2, B> all) {
  const auto count = [&](const auto& rows) {
    if constexpr (requires { objective.counted(b, rows); }) {
      return static_cast<double>(objective.counted(b, rows));
    } else {
      return static_cast<double>(rows.extent(0));
    }
  };
  const double total = count(all);
  return total > 0 ? count(own) / total : 0;
}

/// Each rank runs the objective on its rows of ids (rows, tokens), which are the same on all ranks,
/// and adds their gradient to its own `grads`. Returns the loss of the whole batch, the same on all
/// ranks. What the objective throws on one rank is thrown on all. finish() is called on every rank
/// when its objective is through, also when that threw: what it does with other ranks, all do.
template <class Objective, backend B, parallel::communicator<B> C, class P, class Finish>
batch_loss loss_over_ranks(C& ranks, B& b, Objective& objective,
                           view_on<const std::int32_t, 2, B> ids, P* grads, const Finish& finish) {
  batch_loss loss;
  const auto run = [&] {
    const auto own = rows_of_rank(ids, ranks.rank(), ranks.size());
    if constexpr (requires { objective(b, own, grads, share_of(b, objective, own, ids)); }) {
      loss = objective(b, own, grads, share_of(b, objective, own, ids));
    } else {
      fail("an objective without a share of the batch trains on one rank");
    }
  };
  parallel::together(ranks, b, [&] {
    try {
      run();
    } catch (...) {
      finish();
      throw;
    }
    finish();
  });
  std::vector<double> numbers{loss.loss};
  numbers.insert(numbers.end(), loss.layers.begin(), loss.layers.end());
  const auto all = parallel::gather<double>(ranks, b, std::span<const double>(numbers));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = 0;
    for (std::size_t at = i; at < all.size(); at += numbers.size()) numbers[i] += all[at];
  }
  return {numbers.front(), {numbers.begin() + 1, numbers.end()}};
}

}  // namespace radlads::distill
