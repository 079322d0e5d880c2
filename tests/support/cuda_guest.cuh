// SPDX-License-Identifier: Apache-2.0
#pragma once
// A program around a cuda_backend: a stream, memory by cudaMalloc and an allocator of its own.

#include "radlads/core/cuda/backend.cuh"
#include "support/cuda_case.cuh"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <cuda_runtime.h>
#include <vector>

namespace radlads::test {

/// `count` elements by cudaMalloc, every byte 0xff: NaN in every scalar.
template <class T>
class foreign_memory {
 public:
  explicit foreign_memory(std::size_t count) : count_(count) {
    require_cuda(cudaMalloc(&pointer_, count * sizeof(T)), "test: cudaMalloc");
    poison();
  }
  explicit foreign_memory(const std::vector<T>& values) : foreign_memory(values.size()) {
    require_cuda(
        cudaMemcpy(pointer_, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice),
        "test: to the GPU");
  }
  foreign_memory(const foreign_memory&) = delete;
  foreign_memory& operator=(const foreign_memory&) = delete;
  ~foreign_memory() { cudaFree(pointer_); }

  T* data() const { return pointer_; }
  void poison() {
    require_cuda(cudaMemset(pointer_, 0xff, count_ * sizeof(T)), "test: poison");
    require_cuda(cudaDeviceSynchronize(), "test: poison");
  }
  /// Its bytes, once all streams are done.
  std::vector<unsigned char> bytes() const {
    require_cuda(cudaDeviceSynchronize(), "test: waiting");
    std::vector<unsigned char> result(count_ * sizeof(T));
    require_cuda(cudaMemcpy(result.data(), pointer_, result.size(), cudaMemcpyDeviceToHost),
                 "test: from the GPU");
    return result;
  }

 private:
  T* pointer_ = nullptr;
  std::size_t count_;
};

/// A stream that waits for no other.
struct foreign_stream {
  foreign_stream() {
    require_cuda(cudaStreamCreateWithFlags(&handle, cudaStreamNonBlocking), "test: a stream");
  }
  foreign_stream(const foreign_stream&) = delete;
  foreign_stream& operator=(const foreign_stream&) = delete;
  ~foreign_stream() { cudaStreamDestroy(handle); }
  cudaStream_t handle = nullptr;
};

/// CUDA's default pool, counted.
struct counting_allocator {
  int allocated = 0;
  int freed = 0;
  std::size_t bytes = 0;  // in use

  cuda_allocator lend() {
    return {
        .allocate = [](void* context, std::size_t bytes, cudaStream_t stream) -> void* {
          auto& self = *static_cast<counting_allocator*>(context);
          void* pointer = nullptr;
          if (cudaMallocAsync(&pointer, bytes, stream) != cudaSuccess) return nullptr;
          ++self.allocated;
          self.bytes += bytes;
          return pointer;
        },
        .deallocate =
            [](void* context, void* pointer, std::size_t bytes, cudaStream_t stream) {
              auto& self = *static_cast<counting_allocator*>(context);
              cudaFreeAsync(pointer, stream);
              ++self.freed;
              self.bytes -= bytes;
            },
        .context = this,
    };
  }
};

/// Nodes of a graph: those that take or free memory, and all others.
struct captured_nodes {
  int memory = 0;
  int work = 0;
};

/// Captures what f() puts on the stream, as the stream's owner. While it does, cudaMalloc and
/// cudaFree are errors, so that this throws where f() calls them.
template <class F>
captured_nodes nodes_of(cudaStream_t stream, F&& f) {
  require_cuda(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), "test: capture");
  cudaGraph_t graph = nullptr;
  try {
    f();
  } catch (...) {
    cudaStreamEndCapture(stream, &graph);
    if (graph != nullptr) cudaGraphDestroy(graph);
    cudaGetLastError();
    throw;
  }
  require_cuda(cudaStreamEndCapture(stream, &graph), "test: the end of a capture");
  std::size_t count = 0;
  require_cuda(cudaGraphGetNodes(graph, nullptr, &count), "test: nodes");
  std::vector<cudaGraphNode_t> nodes(count);
  require_cuda(cudaGraphGetNodes(graph, nodes.data(), &count), "test: nodes");
  captured_nodes result;
  for (const cudaGraphNode_t each : nodes) {
    cudaGraphNodeType type{};
    require_cuda(cudaGraphNodeGetType(each, &type), "test: a node");
    const bool is_memory = type == cudaGraphNodeTypeMemAlloc || type == cudaGraphNodeTypeMemFree;
    ++(is_memory ? result.memory : result.work);
  }
  cudaGraphDestroy(graph);
  return result;
}

/// Fixture without a backend: each test makes those that it needs.
class cuda_guest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_cuda_device()) GTEST_SKIP() << "there is no CUDA device";
  }
};

}  // namespace radlads::test
