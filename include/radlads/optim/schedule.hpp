// SPDX-License-Identifier: Apache-2.0
#pragma once
// Learning rate as a function of the step: linear warm-up, then a decay between two rates.

#include "radlads/core/error.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace radlads::optim {

/// How the rate falls from `initial` to `final` while the decay's progress p goes from 0 to 1.
enum class decay_shape {
  cosine,          ///< by cos(pi/2 p): a quarter wave, flat at the start and steepest at the end
  linear,          ///< by 1 - p
  one_minus_sqrt,  ///< by 1 - sqrt p
  exponential,     ///< geometrically
};

/// The shape called "cos", "linear", "oneminussqrt" or "exp". Throws on any other name.
inline decay_shape decay_shape_of(std::string_view name) {
  if (name == "cos") return decay_shape::cosine;
  if (name == "linear") return decay_shape::linear;
  if (name == "oneminussqrt") return decay_shape::one_minus_sqrt;
  if (name == "exp") return decay_shape::exponential;
  fail("learning rate decay \"", name, "\" is unknown; there are cos, linear, oneminussqrt, exp");
}

/// One stage of training.
struct schedule_options {
  decay_shape shape = decay_shape::cosine;
  double initial = 1e-3;  ///< rate after the warm-up
  double final = 1e-5;    ///< rate when the decay is over
  double steps = 0;       ///< length of the stage: its tokens by those of a step, unrounded
  std::int64_t warmup_steps = 50;  ///< these are multiplied by 0.01 + 0.99 step/warmup_steps
  double wait = 0;                 ///< share of the stage after warm-up at which the decay begins
  double endpoint = 1;             ///< share at which it is over
};

/// Throws unless the options make a schedule.
inline void require_schedule(const schedule_options& options) {
  require(options.steps > 0, "learning_rate: the stage has ", options.steps, " steps");
  require(options.warmup_steps >= 0, "learning_rate: warmup_steps is ", options.warmup_steps);
  require(options.wait >= 0 && options.wait < options.endpoint && options.endpoint <= 1,
          "learning_rate: the decay from ", options.wait, " to ", options.endpoint,
          " is not a rising range within [0, 1]");
  require(options.shape != decay_shape::exponential || (options.initial > 0 && options.final > 0),
          "learning_rate: an exponential decay from ", options.initial, " to ", options.final,
          " needs two positive rates");
}

/// Rate of a step counted from 0. A stage no longer than its warm-up never decays.
inline double learning_rate(const schedule_options& options, std::int64_t step) {
  require_schedule(options);
  constexpr double half_pi = 1.57079632679489661923;
  const double warm = static_cast<double>(options.warmup_steps), now = static_cast<double>(step);
  const double share = options.steps > warm ? (now - warm) / (options.steps - warm) : 0;
  const double p = std::clamp(
      (std::clamp(share, 0.0, 1.0) - options.wait) / (options.endpoint - options.wait), 0.0, 1.0);
  const double fall = options.initial - options.final;
  double rate = 0;
  switch (options.shape) {
    case decay_shape::cosine:
      rate = options.final + fall * std::cos(half_pi * p);
      break;
    case decay_shape::linear:
      rate = options.final + fall * (1 - p);
      break;
    case decay_shape::one_minus_sqrt:
      rate = options.final + fall * (1 - std::sqrt(p));
      break;
    case decay_shape::exponential:
      rate = options.initial * std::pow(options.final / options.initial, p);
      break;
  }
  return step < options.warmup_steps ? rate * (0.01 + 0.99 * now / warm) : rate;
}

}  // namespace radlads::optim
