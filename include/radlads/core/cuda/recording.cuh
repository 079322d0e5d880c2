// SPDX-License-Identifier: Apache-2.0
#pragma once
// Records on CUDA: graphs, captured from the backend's stream. This is for host compilers too.

#include "radlads/core/cuda/backend.cuh"
#include "radlads/core/recording.hpp"

#include <algorithm>
#include <cstdint>
#include <cuda_runtime.h>
#include <span>
#include <utility>
#include <vector>

namespace radlads {

/// The first run of a key, and each that still allocates, works as if there were no record; the
/// next one is captured, and those behind it are launches of the graph. Memory that was allocated
/// or freed since then, anywhere on the backend, begins this anew: an address in the graph may be
/// another's.
template <>
class recording<cuda_backend> {
 public:
  recording() = default;
  recording(recording&& other) noexcept { *this = std::move(other); }
  recording& operator=(recording&& other) noexcept {
    std::swap(graph_, other.graph_);
    std::swap(key_, other.key_);
    std::swap(allocations_, other.allocations_);
    std::swap(state_, other.state_);
    std::swap(replays_, other.replays_);
    return *this;
  }
  recording(const recording&) = delete;
  recording& operator=(const recording&) = delete;
  ~recording() { forget(); }

  template <class F>
  void run(cuda_backend& b, std::span<const std::int64_t> key, F&& f) {
    const bool is_same = std::equal(key.begin(), key.end(), key_.begin(), key_.end());
    if (!is_same || allocations_ != b.allocations()) {
      forget();
      key_.assign(key.begin(), key.end());
    }
    // Inside another record this is a part of it.
    if (b.is_recording() || state_ == state::refused) return f();
    if (state_ == state::unknown) {
      const std::int64_t before = b.allocations();
      f();
      allocations_ = b.allocations();
      if (allocations_ == before) state_ = state::ready;
      return;
    }
    if (state_ == state::ready) {
      try {
        graph_ = b.record(f);
        state_ = state::recorded;
      } catch (const not_recordable&) {
        state_ = state::refused;
      }
      // What the attempt freed went back behind it.
      allocations_ = b.allocations();
      if (state_ == state::refused) return f();
    }
    require_cuda(cudaGraphLaunch(graph_, b.stream()), "recording: launching the graph");
    ++replays_;
  }

  /// Runs that were launches of a graph.
  std::int64_t replays() const { return replays_; }

 private:
  enum class state { unknown, ready, recorded, refused };

  void forget() {
    if (graph_ != nullptr) cudaGraphExecDestroy(graph_);
    graph_ = nullptr;
    state_ = state::unknown;
  }

  cudaGraphExec_t graph_ = nullptr;
  std::vector<std::int64_t> key_;
  std::int64_t allocations_ = 0;
  state state_ = state::unknown;
  std::int64_t replays_ = 0;
};

}  // namespace radlads
