// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a conversion tells whoever runs it. The library prints nothing: each function here may be
// empty, and then nobody hears.

#include "radlads/core/error.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>

namespace radlads::convert {

/// Thrown when a run was stopped from outside and saved; the text says how to go on.
class interrupted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A stage when its steps begin.
struct stage_start {
  std::string stage;
  std::int64_t steps_done = 0;  ///< by an earlier run
  std::int64_t steps = 0;       ///< of the whole stage
  std::int64_t log_every = 1;   ///< steps between lines of progress
};

/// A stage after a step.
struct stage_progress {
  std::int64_t steps_done = 0;
  double loss = 0, rate = 0;
  double tokens_per_second = 0, seconds_left = 0;
};

/// What watches the steps of one stage; it is destroyed when these end, also by an exception.
struct stage_watch {
  std::function<void(const stage_progress&)> on_step;
  /// Asked after each step: not 0 when the stage shall save and stop, the number of a signal.
  std::function<int()> stop_signal;
  /// Another rank was asked to stop, by this signal.
  std::function<void(int)> on_stop_elsewhere;
};

struct observer {
  /// A sentence without a line end.
  std::function<void(const std::string&)> message;
  /// Makes the watch of a stage.
  std::function<stage_watch(const stage_start&)> watch;
  /// A text of so many bytes begins to become ids; the result is told how many bytes are done.
  std::function<std::function<void(std::size_t)>(std::size_t bytes)> on_reading;

  /// Hands on a sentence made of the parts, if anybody hears it.
  template <class... Parts>
  void tell(const Parts&... parts) const {
    if (message) message(concatenate(parts...));
  }
};

}  // namespace radlads::convert
