// SPDX-License-Identifier: Apache-2.0
#pragma once
// One CUDA device: a stream, memory in the order of that stream, scratch, and cuBLASLt's handle
// with its workspace. Nothing here waits for the device but synchronize().

#include "radlads/core/arena.hpp"
#include "radlads/core/backend.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/graph_capture.hpp"
#include "radlads/core/view.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cublasLt.h>
#include <cuda_runtime.h>
#include <map>
#include <vector>

namespace radlads {

/// Throws `error` with CUDA's own words unless the call succeeded. `what` says what was tried.
inline void require_cuda(cudaError_t code, const char* what) {
  if (code == cudaSuccess) return;
  fail(what, ": CUDA says ", cudaGetErrorName(code), ", ", cudaGetErrorString(code));
}

/// The same for cuBLASLt.
inline void require_cublas(cublasStatus_t code, const char* what) {
  if (code == CUBLAS_STATUS_SUCCESS) return;
  fail(what, ": cuBLASLt says ", cublasLtGetStatusName(code), ", ", cublasLtGetStatusString(code));
}

/// How a cuda_backend is set up.
struct cuda_options {
  int device = 0;       ///< index of the GPU, as CUDA counts them
  bool poison = false;  ///< fill fresh memory with NaN, so that tests see what was never written
};

/// Runs operations on one CUDA device, in order, on a stream of its own. Not copyable; outlives
/// every tensor made on it. One caller at a time.
class cuda_backend {
 public:
  using space = device_space;

  /// Throws, saying what to do, when there is no device of that index.
  explicit cuda_backend(cuda_options options = {})
      : options_(options), stream_(options.device), scratch_(*this) {
    require_cuda(cudaGetDeviceProperties(&properties_, options.device),
                 "cuda_backend: its properties");
    // Freed memory stays in the pool: a training step frees and takes the same sizes again and
    // again.
    cudaMemPool_t pool{};
    require_cuda(cudaDeviceGetDefaultMemPool(&pool, options.device),
                 "cuda_backend: the memory pool");
    std::uint64_t kept = UINT64_MAX;
    require_cuda(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &kept),
                 "cuda_backend: the memory pool");
    require_cublas(cublasLtCreate(&cublas_), "cuda_backend: cuBLASLt");
  }
  cuda_backend(const cuda_backend&) = delete;
  cuda_backend& operator=(const cuda_backend&) = delete;
  ~cuda_backend() {
    cudaStreamSynchronize(stream());
    if (workspace_ != nullptr) cudaFreeAsync(workspace_, stream());
    cublasLtDestroy(cublas_);
  }

  void* allocate(std::size_t bytes) {
    if (is_capturing_) throw not_capturable("cuda_backend: a captured graph allocates no memory");
    void* pointer = nullptr;
    const cudaError_t code = cudaMallocAsync(&pointer, std::max<std::size_t>(bytes, 1), stream());
    if (code != cudaSuccess) {
      cudaGetLastError();  // a failed allocation must not be reported by the next launch
      std::size_t free = 0, total = 0;
      cudaMemGetInfo(&free, &total);
      throw out_of_memory(concatenate("cuda_backend: no memory for ", bytes, " bytes on ",
                                      properties_.name, ": ", allocated_,
                                      " bytes are in use here, ", free, " of ", total,
                                      " are free; smaller micro-batches need less"));
    }
    ++allocations_;
    allocated_ += bytes;
    peak_ = std::max(peak_, allocated_);
    if (options_.poison)
      require_cuda(cudaMemsetAsync(pointer, 0xff, bytes, stream()), "cuda_backend: poison");
    return pointer;
  }
  void deallocate(void* pointer, std::size_t bytes) {
    if (is_capturing_) {
      freed_.push_back(pointer);
    } else {
      cudaFreeAsync(pointer, stream());
    }
    ++allocations_;
    allocated_ -= bytes;
  }
  void set_zero(void* pointer, std::size_t bytes) {
    if (bytes > 0)
      require_cuda(cudaMemsetAsync(pointer, 0, bytes, stream()), "cuda_backend: set_zero");
  }
  /// Copies between any two of host and device memory. A copy to or from pageable host memory has
  /// finished with it when this returns.
  void copy(void* to, const void* from, std::size_t bytes) {
    if (is_capturing_ && !(is_on_device(to) && is_on_device(from)))
      throw not_capturable("cuda_backend: a captured graph copies inside the device alone");
    if (bytes > 0) {
      require_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream()),
                   "cuda_backend: copy");
    }
  }
  /// Waits for the stream; throws what a kernel on it did wrong.
  void synchronize() {
    if (is_capturing_) throw not_capturable("cuda_backend: a captured graph does not wait");
    require_cuda(cudaStreamSynchronize(stream()), "cuda_backend: synchronize");
  }
  arena<cuda_backend>& scratch() { return scratch_; }

  cudaStream_t stream() const { return stream_.handle; }
  cublasLtHandle_t cublas() const { return cublas_; }
  const cudaDeviceProp& properties() const { return properties_; }
  int multiprocessors() const { return properties_.multiProcessorCount; }
  /// Captures what f() puts on the stream, without doing it. Throws not_capturable, with nothing
  /// captured, where f does what no graph can hold.
  template <class F>
  cudaGraphExec_t capture(F&& f) {
    require_cuda(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeThreadLocal),
                 "cuda_backend: graph capture");
    is_capturing_ = true;
    cudaGraph_t graph = nullptr;
    try {
      f();
      if (!freed_.empty()) throw not_capturable("cuda_backend: a captured graph frees no memory");
    } catch (...) {
      end_capture(graph);
      if (graph != nullptr) cudaGraphDestroy(graph);
      throw;
    }
    require_cuda(end_capture(graph), "cuda_backend: graph capture");
    cudaGraphExec_t result = nullptr;
    const cudaError_t code = cudaGraphInstantiate(&result, graph, 0);
    cudaGraphDestroy(graph);
    require_cuda(code, "cuda_backend: a graph of what was captured");
    return result;
  }
  bool is_capturing() const { return is_capturing_; }

  /// How often memory has been taken or given back.
  std::int64_t allocations() const { return allocations_; }
  std::size_t allocated_bytes() const { return allocated_; }
  std::size_t peak_bytes() const { return peak_; }

  /// Memory for cuBLASLt, the same at every call: products run one after the other.
  static constexpr std::size_t workspace_bytes = std::size_t{32} << 20;
  void* workspace() {
    if (workspace_ == nullptr) {
      if (is_capturing_) throw not_capturable("cuda_backend: a captured graph allocates no memory");
      require_cuda(cudaMallocAsync(&workspace_, workspace_bytes, stream()),
                   "cuda_backend: workspace");
    }
    return workspace_;
  }

  /// The algorithms that cuBLASLt's heuristic chose, by what matmul made of sizes, types and
  /// alignments.
  using algorithm_key = std::array<std::int64_t, 12>;
  std::map<algorithm_key, cublasLtMatmulAlgo_t>& matmul_algorithms() { return algorithms_; }

 private:
  static bool is_on_device(const void* pointer) {
    cudaPointerAttributes attributes{};
    return cudaPointerGetAttributes(&attributes, pointer) == cudaSuccess &&
           attributes.type == cudaMemoryTypeDevice;
  }
  cudaError_t end_capture(cudaGraph_t& graph) {
    const cudaError_t code = cudaStreamEndCapture(stream(), &graph);
    is_capturing_ = false;
    for (void* each : freed_) cudaFreeAsync(each, stream());
    freed_.clear();
    cudaGetLastError();  // an interrupted capture must not be reported by the next launch
    return code;
  }

  /// The stream, on a device that is there. The arena frees its blocks on it, so it comes before.
  struct owned_stream {
    explicit owned_stream(int device) {
      int count = 0;
      const cudaError_t found = cudaGetDeviceCount(&count);
      require(found == cudaSuccess && count > 0, "cuda_backend: no CUDA device can be used (",
              cudaGetErrorString(found), "); the CPU backend needs none");
      require(device >= 0 && device < count, "cuda_backend: there is no device ", device,
              "; there are ", count, ", counted from 0");
      require_cuda(cudaSetDevice(device), "cuda_backend: choosing the device");
      require_cuda(cudaStreamCreateWithFlags(&handle, cudaStreamNonBlocking),
                   "cuda_backend: a stream");
    }
    owned_stream(const owned_stream&) = delete;
    owned_stream& operator=(const owned_stream&) = delete;
    ~owned_stream() { cudaStreamDestroy(handle); }
    cudaStream_t handle = nullptr;
  };

  cuda_options options_;
  owned_stream stream_;
  cublasLtHandle_t cublas_ = nullptr;
  cudaDeviceProp properties_{};
  std::map<algorithm_key, cublasLtMatmulAlgo_t> algorithms_;
  void* workspace_ = nullptr;
  bool is_capturing_ = false;
  std::vector<void*> freed_;  // during a capture
  std::int64_t allocations_ = 0;
  std::size_t allocated_ = 0;
  std::size_t peak_ = 0;
  arena<cuda_backend> scratch_;
};

static_assert(backend<cuda_backend>);

}  // namespace radlads

#include "radlads/core/cuda/graph_capture.cuh"  // a specialisation: wherever the backend is known
