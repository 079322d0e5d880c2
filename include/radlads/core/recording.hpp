// SPDX-License-Identifier: Apache-2.0
#pragma once
// Work that is done again and again on the same memory. A backend that can records it once and then
// runs the record, which needs no work of the host's; the others do it each time.

#include "radlads/core/error.hpp"

#include <cstdint>
#include <span>

namespace radlads {

/// Thrown by what no record can hold: fresh memory, waiting, memory of the host, or a decision that
/// the next run may take otherwise.
class not_recordable : public error {
 public:
  using error::error;
};

/// Whether a backend is recording: what runs now is kept, not done.
template <class B>
bool is_recording(const B& b) {
  if constexpr (requires { b.is_recording(); }) {
    return b.is_recording();
  } else {
    return false;
  }
}

/// One piece of work of backend B. cuda_backend's is in core/cuda/recording.cuh.
template <class B>
class recording {
 public:
  /// Does f(), on a backend that records sometimes without calling it. So f must only put work on
  /// the backend, on memory of tensors that live on and on numbers that `key` holds. Ids in that
  /// memory may change, and are not checked in a record.
  template <class F>
  void run(B&, std::span<const std::int64_t>, F&& f) {
    f();
  }
};

}  // namespace radlads
