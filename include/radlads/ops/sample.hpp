// SPDX-License-Identifier: Apache-2.0
#pragma once
// The next tokens, chosen from rows of logits where these lie, and marks on tokens that a text has.

#include "radlads/core/backend.hpp"
#include "radlads/core/random.hpp"
#include "radlads/core/view.hpp"
#include "radlads/ops/sampling_options.hpp"
#include "radlads/ops/sampling_weight.hpp"

#include <cstdint>

namespace radlads::ops {

/// ids (N) = one token for each row of logits (N, V), drawn by number `first` + n of `numbers`; the
/// first of the greatest logits at temperature 0. Ids cut by top_k or top_p go by probability, then
/// by id, and the draw goes through those left by id. seen (N, V), not 0 where the penalty falls,
/// may be empty. A backend decides alike for equal logits: sums are of whole numbers, in which
/// probabilities are right to a factor of 1 + 3e-8 and end at 2^-43 of the greatest.
///
/// Throws as check() does, when V is 0 or more than 2^20, and, on the CPU, when a logit is NaN or
/// the greatest is not finite. Elsewhere the id of such a row is -1.
template <class T, backend B>
void sample(B& b, const sampling_options& o, view_on<const T, 2, B> logits,
            view_on<const std::uint8_t, 2, B> seen, random_stream numbers, std::uint64_t first,
            view_on<std::int32_t, 1, B> ids) {
  check(o);
  const std::int64_t N = logits.extent(0), V = logits.extent(1);
  require(V > 0 && V <= most_sampled_tokens, "sample: there are ", V, " logits, expected 1 to ",
          most_sampled_tokens);
  require_shape(ids, {N}, "sample", "ids");
  if (!seen.empty()) require_shape(seen, {N, V}, "sample", "seen");
  if (o.repetition_penalty == 1) seen = {};
  if (N > 0) sample_on<T>(b, sampling_rule_of(o), logits, seen, numbers, first, ids);
}

/// seen (N, V) = 1 at every token of ids (N, T), which must lie in [0, V).
template <backend B>
void mark_ids(B& b, view_on<const std::int32_t, 2, B> ids, view_on<std::uint8_t, 2, B> seen) {
  require_shape(seen, {ids.extent(0), seen.extent(1)}, "mark_ids", "seen");
  if (!ids.empty()) mark_ids_on(b, ids, seen);
}

}  // namespace radlads::ops
