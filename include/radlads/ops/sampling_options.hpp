// SPDX-License-Identifier: Apache-2.0
#pragma once
// How the next token is chosen from the logits behind a text.

#include "radlads/core/error.hpp"

#include <cmath>
#include <cstdint>

namespace radlads::ops {

/// In this order, as in the library transformers: the penalty, the temperature, then top_k, top_p
/// and min_p, each on what the one before it left.
struct sampling_options {
  double temperature = 1;         ///< divides the logits; 0 takes the greatest logit
  std::int64_t top_k = 0;         ///< so many of the most probable tokens stay; 0: all
  double top_p = 1;               ///< the fewest most probable tokens stay that reach this share
  double min_p = 0;               ///< tokens stay that have this share of the greatest probability
  double repetition_penalty = 1;  ///< divides positive logits of tokens in the text, multiplies
                                  ///< negative ones
};

/// Throws unless the temperature is at least 0, top_k at least 0, top_p in (0, 1], min_p in [0, 1]
/// and the penalty more than 0.
inline void check(const sampling_options& o) {
  require(std::isfinite(o.temperature) && o.temperature >= 0, "sampling: the temperature is ",
          o.temperature, ", expected 0 or more");
  require(o.top_k >= 0, "sampling: top_k is ", o.top_k,
          ", expected a number of tokens, or 0 for all");
  require(o.top_p > 0 && o.top_p <= 1, "sampling: top_p is ", o.top_p,
          ", expected more than 0 and at most 1");
  require(o.min_p >= 0 && o.min_p <= 1, "sampling: min_p is ", o.min_p, ", expected 0 to 1");
  require(std::isfinite(o.repetition_penalty) && o.repetition_penalty > 0,
          "sampling: the repetition penalty is ", o.repetition_penalty, ", expected more than 0");
}

}  // namespace radlads::ops
