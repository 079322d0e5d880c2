// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a cuda_backend works with: resources of its own, or those of the program around it. This is
// for host compilers too.

#include "radlads/core/error.hpp"

#include <cstddef>
#include <cstdint>
#include <cublasLt.h>
#include <cuda_runtime.h>

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

/// How a cuda_backend with resources of its own is set up.
struct cuda_options {
  int device = 0;       ///< index of the GPU, as CUDA counts them
  bool poison = false;  ///< fill fresh memory with NaN, so that tests see what was never written
};

/// The caller's memory pool: two functions and what they need. Both work in the order of `stream`,
/// as cudaMallocAsync does, and are called with the backend's device current.
struct cuda_allocator {
  /// `bytes` bytes at a multiple of 256, or null where there is no memory.
  void* (*allocate)(void* context, std::size_t bytes, cudaStream_t stream) = nullptr;
  void (*deallocate)(void* context, void* pointer, std::size_t bytes,
                     cudaStream_t stream) = nullptr;
  void* context = nullptr;
};

/// What a program lends to a cuda_backend that works inside it. All of it must outlive the backend.
struct cuda_resources {
  cudaStream_t stream = nullptr;      ///< of the caller; null is CUDA's default stream
  int device = 0;                     ///< the stream's GPU, as CUDA counts them
  cublasLtHandle_t cublas = nullptr;  ///< of the caller; null: the backend makes one
  /// Without functions the backend has no memory but the scratch that lend_scratch gives it.
  cuda_allocator allocator = {};
};

namespace cuda_detail {

/// Base of cuda_backend, so that a call with one finds by its argument what this namespace has: how
/// CUDA does each operation.
struct operations {};

/// Throws unless there is a device of that index.
inline void require_device(int device) {
  int count = 0;
  const cudaError_t found = cudaGetDeviceCount(&count);
  require(found == cudaSuccess && count > 0, "cuda_backend: no CUDA device can be used (",
          cudaGetErrorString(found), "); the CPU backend needs none");
  require(device >= 0 && device < count, "cuda_backend: there is no device ", device,
          "; there are ", count, ", counted from 0");
}

/// Makes a device current for a scope, and then again the one that was. Does nothing for `none`.
class device_scope {
 public:
  static constexpr int none = -1;

  explicit device_scope(int device) {
    if (device == none) return;
    int current = 0;
    require_cuda(cudaGetDevice(&current), "cuda_backend: the current device");
    if (current == device) return;
    require_cuda(cudaSetDevice(device), "cuda_backend: choosing the device");
    before_ = current;
  }
  device_scope(const device_scope&) = delete;
  device_scope& operator=(const device_scope&) = delete;
  ~device_scope() {
    if (before_ != none) cudaSetDevice(before_);
  }

 private:
  int before_ = none;
};

/// A stream and a memory pool on a device that is there, which it makes current for the thread.
/// Freed memory stays in the pool: a training step frees and takes the same sizes again and again.
/// CUDA's default pool, which belongs to the process, keeps its settings.
struct owned_stream {
  owned_stream() = default;
  explicit owned_stream(int device) {
    require_device(device);
    require_cuda(cudaSetDevice(device), "cuda_backend: choosing the device");
    cudaMemPoolProps properties{};
    properties.allocType = cudaMemAllocationTypePinned;
    properties.location.type = cudaMemLocationTypeDevice;
    properties.location.id = device;
    require_cuda(cudaMemPoolCreate(&pool, &properties), "cuda_backend: the memory pool");
    std::uint64_t kept = UINT64_MAX;
    cudaError_t code = cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &kept);
    if (code == cudaSuccess) code = cudaStreamCreateWithFlags(&handle, cudaStreamNonBlocking);
    if (code != cudaSuccess) cudaMemPoolDestroy(pool);
    require_cuda(code, "cuda_backend: a stream and its memory pool");
  }
  owned_stream(const owned_stream&) = delete;
  owned_stream& operator=(const owned_stream&) = delete;
  ~owned_stream() {
    if (handle != nullptr) cudaStreamDestroy(handle);
    if (pool != nullptr) cudaMemPoolDestroy(pool);
  }

  cudaStream_t handle = nullptr;
  cudaMemPool_t pool = nullptr;
};

}  // namespace cuda_detail

}  // namespace radlads
