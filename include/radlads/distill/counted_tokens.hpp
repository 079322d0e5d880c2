// SPDX-License-Identifier: Apache-2.0
#pragma once
// Losses on a part of the tokens: rows say for each position whether it counts, and the vectors of
// those that count are gathered in front of a loss and its gradient is put back behind it. What
// gathers is the lookup of embeddings, so that every backend has it.

#include "radlads/core/arena.hpp"
#include "radlads/core/backend.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/core/view.hpp"
#include "radlads/ops/embedding.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace radlads::distill {

/// Rows of ids and, behind them, a 1 for each of `tokens` positions that counts and a 0 for each
/// other: (rows, width + tokens), where the width is that of the ids.
struct marked_rows {
  std::int64_t width = 0, tokens = 0;
  std::vector<std::int32_t> ids;       ///< (rows, width)
  std::vector<std::int32_t> position;  ///< row * tokens + position, of each that counts

  /// The id behind each position that counts; empty where rows have no id behind the last token.
  std::vector<std::int32_t> targets() const {
    std::vector<std::int32_t> behind;
    for (const std::int32_t each : position) {
      if (width == tokens) break;
      const std::int64_t at = each / tokens * width + each % tokens + 1;
      behind.push_back(ids[static_cast<std::size_t>(at)]);
    }
    return behind;
  }
};

/// Brings marked rows to the host and takes them apart. Throws when a mark is neither 0 nor 1.
template <class B>
marked_rows read_marked_rows(B& b, view_on<const std::int32_t, 2, B> rows, std::int64_t tokens) {
  marked_rows result;
  result.tokens = tokens;
  result.width = rows.extent(1) - tokens;
  require(tokens > 0 && result.width >= tokens, "train: rows of ", rows.extent(1),
          " numbers hold no ids beside marks for ", tokens, " tokens");
  std::vector<std::int32_t> row(static_cast<std::size_t>(rows.extent(1)));
  for (std::int64_t r = 0; r < rows.extent(0); ++r) {
    b.copy(row.data(), rows.row(r), row.size() * sizeof(std::int32_t));
    b.synchronize();
    const auto marks = row.begin() + result.width;
    result.ids.insert(result.ids.end(), row.begin(), marks);
    for (std::int64_t t = 0; t < tokens; ++t) {
      require(marks[t] == 0 || marks[t] == 1, "train: the mark of a token is ", marks[t],
              ", expected 0 or 1");
      if (marks[t] == 1) result.position.push_back(static_cast<std::int32_t>(r * tokens + t));
    }
  }
  return result;
}

/// Positions of a micro-batch that a loss counts, on the backend.
template <class B>
class counted_tokens {
 public:
  /// Takes marked rows; the rows of ids then are at ids().
  void take(B& b, const marked_rows& rows, std::int64_t vocabulary) {
    const auto count = static_cast<std::int64_t>(rows.ids.size()) / rows.width;
    ids_.resize(b, {count, rows.width});
    position_.resize(b, {static_cast<std::int64_t>(rows.position.size())});
    write(b, ids_.data(), rows.ids);
    write(b, position_.data(), rows.position);
    const std::vector<std::int32_t> behind = rows.targets();
    targets_.resize(b, {static_cast<std::int64_t>(behind.size())});
    write(b, targets_.data(), behind);
    b.synchronize();
    ops::require_ids(b, view_on<const std::int32_t, 1, B>(ids_.flat()), vocabulary);
  }

  std::int64_t count() const { return position_.size(); }
  view_on<const std::int32_t, 2, B> ids() const { return ids_.read(); }
  view_on<const std::int32_t, 1, B> position() const { return position_.read(); }

  /// The id behind each position that counts, where rows have one id more than tokens.
  view_on<const std::int32_t, 1, B> targets() const { return targets_.read(); }

  /// The rows of `from` (N, C) that count, in scratch (count, C).
  template <class T>
  view_on<const T, 2, B> gathered(B& b, scratch_scope<B>& scope,
                                  view_on<const T, 2, B> from) const {
    const auto to = scope.template take<T, 2>({count(), from.extent(1)});
    ops::embedding_forward<T>(b, from, position(), to);
    return to;
  }

  /// Sets `to` (N, C) to the rows of `from` (count, C) where they belong, and to zero elsewhere.
  template <class T>
  void scatter(B& b, view_on<const T, 2, B> from, view_on<T, 2, B> to) const {
    set_zero<T, 2, B>(b, to);
    ops::embedding_backward<T>(b, position(), from, to);
  }

 private:
  static void write(B& b, std::int32_t* to, const std::vector<std::int32_t>& from) {
    if (!from.empty()) b.copy(to, from.data(), from.size() * sizeof(std::int32_t));
  }

  tensor<std::int32_t, 2, B> ids_;       // (rows, width)
  tensor<std::int32_t, 1, B> position_;  // (count)
  tensor<std::int32_t, 1, B> targets_;   // (count), or none
};

/// Positions of a batch that a loss counts: all, or those that are marked.
template <class B>
std::int64_t count_tokens(B& b, view_on<const std::int32_t, 2, B> rows, std::int64_t tokens,
                          bool is_marked) {
  if (!is_marked) return rows.extent(0) * tokens;
  return static_cast<std::int64_t>(read_marked_rows<B>(b, rows, tokens).position.size());
}

}  // namespace radlads::distill
