// SPDX-License-Identifier: Apache-2.0
#pragma once
// Graph capture on CUDA: graphs captured from the backend's stream. This is for host compilers too.

#include "radlads/core/cuda/backend.cuh"
#include "radlads/core/graph_capture.hpp"

#include <algorithm>
#include <cstdint>
#include <cuda_runtime.h>
#include <span>
#include <utility>
#include <vector>

namespace radlads {

/// The first run of a key, and each that still allocates, works as if there were no graph; the
/// next one is captured, and those behind it are launches of the graph. Memory that was allocated
/// or freed since then, anywhere on the backend, starts this again: an address in the graph may be
/// another's.
template <>
class graph_capture<cuda_backend> {
 public:
  graph_capture() = default;
  graph_capture(graph_capture&& other) noexcept { *this = std::move(other); }
  graph_capture& operator=(graph_capture&& other) noexcept {
    std::swap(graph_, other.graph_);
    std::swap(key_, other.key_);
    std::swap(allocations_, other.allocations_);
    std::swap(state_, other.state_);
    std::swap(replays_, other.replays_);
    return *this;
  }
  graph_capture(const graph_capture&) = delete;
  graph_capture& operator=(const graph_capture&) = delete;
  ~graph_capture() { forget(); }

  template <class F>
  void run(cuda_backend& b, std::span<const std::int64_t> key, F&& f) {
    if (b.is_measuring()) return f();
    const bool is_same = std::equal(key.begin(), key.end(), key_.begin(), key_.end());
    if (!is_same || allocations_ != b.allocations()) {
      forget();
      key_.assign(key.begin(), key.end());
    }
    // Inside another capture this is a part of it.
    if (b.is_capturing() || state_ == state::refused) return f();
    if (state_ == state::unknown) {
      const std::int64_t before = b.allocations();
      f();
      allocations_ = b.allocations();
      if (allocations_ == before) state_ = state::ready;
      return;
    }
    if (state_ == state::ready) {
      try {
        graph_ = b.capture(f);
        state_ = state::captured;
      } catch (const not_capturable&) {
        state_ = state::refused;
      }
      // What the attempt freed went back behind it.
      allocations_ = b.allocations();
      if (state_ == state::refused) return f();
    }
    b.enqueue([&] {
      require_cuda(cudaGraphLaunch(graph_, b.stream()), "graph capture: launching the graph");
    });
    ++replays_;
  }

  /// Runs that were launches of a graph.
  std::int64_t replays() const { return replays_; }

 private:
  enum class state { unknown, ready, captured, refused };

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
