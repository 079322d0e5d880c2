// SPDX-License-Identifier: Apache-2.0
#pragma once
// Work beside a backend's own on CUDA: a second stream of the same device, and events. This is for
// host compilers too.

#include "radlads/core/cuda/backend.cuh"
#include "radlads/core/side_work.hpp"

#include <cstddef>
#include <cuda_runtime.h>
#include <vector>

namespace radlads {

template <>
class side_work<cuda_backend> {
 public:
  explicit side_work(cuda_backend& b) : main_(b), beside_(cuda_options{.device = b.device()}) {
    joined_ = make_event();
  }
  side_work(const side_work&) = delete;
  side_work& operator=(const side_work&) = delete;
  ~side_work() {
    for (cudaEvent_t each : marks_) cudaEventDestroy(each);
    cudaEventDestroy(joined_);
  }

  cuda_backend& backend() { return beside_; }

  void resize(std::size_t count) {
    while (marks_.size() < count) marks_.push_back(make_event());
  }

  /// Captured, a mark is a node of the graph that sets the event for other streams, so that these
  /// need not be captured with it.
  void mark(std::size_t index) {
    const unsigned flags = main_.is_capturing() ? cudaEventRecordExternal : cudaEventRecordDefault;
    main_.enqueue([&] {
      require_cuda(cudaEventRecordWithFlags(marks_.at(index), main_.stream(), flags),
                   "side_work: a mark");
    });
  }
  void after(std::size_t index) {
    require_cuda(cudaStreamWaitEvent(beside_.stream(), marks_.at(index)),
                 "side_work: waiting for a mark");
  }
  void join() {
    main_.enqueue([&] {
      require_cuda(cudaEventRecord(joined_, beside_.stream()), "side_work: joining");
      require_cuda(cudaStreamWaitEvent(main_.stream(), joined_), "side_work: joining");
    });
  }

 private:
  static cudaEvent_t make_event() {
    cudaEvent_t event = nullptr;
    require_cuda(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "side_work: an event");
    return event;
  }

  cuda_backend& main_;
  cuda_backend beside_;
  std::vector<cudaEvent_t> marks_;
  cudaEvent_t joined_ = nullptr;
};

}  // namespace radlads
