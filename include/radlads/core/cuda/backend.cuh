// SPDX-License-Identifier: Apache-2.0
#pragma once
// One CUDA device: a stream, memory in the order of that stream, scratch, and cuBLASLt's handle
// with its workspace. Nothing here waits for the device but synchronize() and the end of a backend
// with a stream of its own. This is for host compilers too.

#include "radlads/core/arena.hpp"
#include "radlads/core/backend.hpp"
#include "radlads/core/cuda/resources.cuh"
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
#include <string>
#include <utility>
#include <vector>

namespace radlads {

/// Runs operations on one CUDA device, in order, on one stream. Not copyable; outlives every tensor
/// made on it. One caller at a time.
///
/// Made of cuda_options it has a stream and a memory pool of its own, and makes its device current
/// for the calling thread. Made of cuda_resources it works on the caller's stream with the caller's
/// memory: it restores the current device after every call, changes no setting of the process and
/// never waits unasked. docs/guest.md shows how.
class cuda_backend : cuda_detail::operations {
 public:
  using space = device_space;

  /// Throws, saying what to do, when there is no device of that index.
  explicit cuda_backend(cuda_options options = {})
      : poison_(options.poison),
        device_(options.device),
        own_(options.device),
        stream_(own_.handle),
        scratch_(*this) {
    start();
  }
  /// Throws when there is no device of that index, or only one of the two functions for memory.
  explicit cuda_backend(const cuda_resources& lent)
      : device_(lent.device),
        restored_(lent.device),
        stream_(lent.stream),
        allocator_(lent.allocator),
        cublas_(lent.cublas),
        scratch_(*this) {
    require((allocator_.allocate == nullptr) == (allocator_.deallocate == nullptr),
            "cuda_backend: an allocator has both functions, allocate and deallocate, or neither");
    cuda_detail::require_device(device_);
    start();
  }
  cuda_backend(const cuda_backend&) = delete;
  cuda_backend& operator=(const cuda_backend&) = delete;
  ~cuda_backend() {
    if (!is_lent()) cudaStreamSynchronize(stream());
    if (workspace_ != nullptr) cudaFreeAsync(workspace_, stream());
    if (owns_cublas_) cublasLtDestroy(cublas_);
  }

  void* allocate(std::size_t bytes) {
    if (is_capturing()) throw not_capturable("cuda_backend: a captured graph allocates no memory");
    require(!is_measuring(), "cuda_backend: what scratch_bytes measures allocates no memory");
    const auto device = current_device();
    void* const pointer = take_memory(std::max<std::size_t>(bytes, 1));
    if (pointer == nullptr) throw out_of_memory(why_no_memory(bytes));
    ++allocations_;
    allocated_ += bytes;
    peak_ = std::max(peak_, allocated_);
    if (poison_)
      require_cuda(cudaMemsetAsync(pointer, 0xff, bytes, stream()), "cuda_backend: poison");
    return pointer;
  }
  void deallocate(void* pointer, std::size_t bytes) {
    if (is_capturing_) {
      freed_.push_back({pointer, bytes});
    } else {
      give_memory(pointer, bytes);
    }
    ++allocations_;
    allocated_ -= bytes;
  }
  void set_zero(void* pointer, std::size_t bytes) {
    if (bytes == 0) return;
    enqueue([&] {
      require_cuda(cudaMemsetAsync(pointer, 0, bytes, stream()), "cuda_backend: set_zero");
    });
  }
  /// Copies between any two of host and device memory. A copy to or from pageable host memory has
  /// finished with it when this returns.
  void copy(void* to, const void* from, std::size_t bytes) {
    if (is_capturing() && !(is_on_device(to) && is_on_device(from)))
      throw not_capturable("cuda_backend: a captured graph copies inside the device alone");
    if (bytes == 0) return;
    enqueue([&] {
      require_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream()),
                   "cuda_backend: copy");
    });
  }
  /// Waits for the stream; throws what a kernel on it did wrong.
  void synchronize() {
    if (is_capturing()) throw not_capturable("cuda_backend: a captured graph does not wait");
    enqueue([&] { require_cuda(cudaStreamSynchronize(stream()), "cuda_backend: synchronize"); });
  }
  arena<cuda_backend>& scratch() { return measured_ != nullptr ? *measured_ : scratch_; }

  /// Bytes of scratch that the operations in f() use at once at most. f runs without effect:
  /// nothing is put on the stream, no memory is read or written and none allocated, so that views
  /// may have any address that is aligned as the later one and is not null.
  template <class F>
  std::size_t scratch_bytes(F&& f) {
    require(!is_measuring(), "cuda_backend: scratch_bytes was called inside scratch_bytes");
    // Addresses that nobody reads, enough of them for anything.
    constexpr std::uintptr_t first = std::uintptr_t{1} << 60;
    arena<cuda_backend> measured(*this);
    measured.lend(reinterpret_cast<void*>(first), std::size_t{1} << 60);
    measured_ = &measured;
    try {
      f();
    } catch (...) {
      measured_ = nullptr;
      throw;
    }
    measured_ = nullptr;
    return measured.peak();
  }
  bool is_measuring() const { return measured_ != nullptr; }
  /// Operations take scratch from `bytes` bytes of the caller's, on the backend's device, until
  /// lend_scratch is called again. With scratch_bytes(f) of them f() allocates nothing. Throws
  /// unless they begin at a multiple of 256 bytes.
  void lend_scratch(void* pointer, std::size_t bytes) {
    scratch_.lend(pointer, bytes);
    ++allocations_;  // captured graphs hold the addresses from before
  }

  /// Calls f(), which puts work on the stream, with the backend's device current. scratch_bytes
  /// leaves it out.
  template <class F>
  void enqueue(F&& f) {
    if (is_measuring()) return;
    const auto device = current_device();
    f();
  }
  /// Where another program may have made another device current: makes the backend's current as
  /// long as the result lives.
  cuda_detail::device_scope current_device() const { return cuda_detail::device_scope(restored_); }

  /// Whether stream and memory are the caller's.
  bool is_lent() const { return restored_ != cuda_detail::device_scope::none; }
  int device() const { return device_; }
  cudaStream_t stream() const { return stream_; }
  cublasLtHandle_t cublas() const { return cublas_; }
  const cudaDeviceProp& properties() const { return properties_; }
  int multiprocessors() const { return properties_.multiProcessorCount; }
  /// Captures what f() puts on the stream, without doing it. Throws not_capturable, with nothing
  /// captured, where f does what no graph can hold.
  template <class F>
  cudaGraphExec_t capture(F&& f) {
    if (stream() == nullptr || stream() == cudaStreamLegacy)
      throw not_capturable("cuda_backend: CUDA captures no graph from its default stream");
    const auto device = current_device();
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
  /// Whether this backend, or the owner of its stream, is capturing a graph.
  bool is_capturing() const { return is_capturing_ || (is_lent() && is_stream_capturing()); }

  /// How often memory has been taken or given back.
  std::int64_t allocations() const { return allocations_; }
  std::size_t allocated_bytes() const { return allocated_; }
  std::size_t peak_bytes() const { return peak_; }

  /// Memory for cuBLASLt, the same at every call: products run one after the other. On the caller's
  /// stream it is scratch.
  static constexpr std::size_t workspace_bytes = std::size_t{32} << 20;
  void* workspace(scratch_scope<cuda_backend>& scope) {
    if (is_lent()) return scope.take<std::byte, 1>({std::int64_t{workspace_bytes}}).data();
    if (workspace_ == nullptr && !is_measuring()) {
      if (is_capturing_) throw not_capturable("cuda_backend: a captured graph allocates no memory");
      require_cuda(cudaMallocFromPoolAsync(&workspace_, workspace_bytes, own_.pool, stream()),
                   "cuda_backend: workspace");
    }
    return workspace_;
  }

  /// The algorithms that cuBLASLt's heuristic chose, by what matmul made of sizes, types and
  /// alignments.
  using algorithm_key = std::array<std::int64_t, 12>;
  std::map<algorithm_key, cublasLtMatmulAlgo_t>& matmul_algorithms() { return algorithms_; }

 private:
  void start() {
    const auto device = current_device();
    require_cuda(cudaGetDeviceProperties(&properties_, device_), "cuda_backend: its properties");
    owns_cublas_ = cublas_ == nullptr;
    if (owns_cublas_) require_cublas(cublasLtCreate(&cublas_), "cuda_backend: cuBLASLt");
  }
  /// Null where there is none.
  void* take_memory(std::size_t bytes) {
    if (is_lent()) {
      return allocator_.allocate == nullptr
                 ? nullptr
                 : allocator_.allocate(allocator_.context, bytes, stream());
    }
    void* pointer = nullptr;
    if (cudaMallocFromPoolAsync(&pointer, bytes, own_.pool, stream()) == cudaSuccess)
      return pointer;
    cudaGetLastError();  // a failed allocation must not be reported by the next launch
    return nullptr;
  }
  void give_memory(void* pointer, std::size_t bytes) {
    if (!is_lent()) {
      cudaFreeAsync(pointer, stream());
      return;
    }
    const auto device = current_device();
    allocator_.deallocate(allocator_.context, pointer, bytes, stream());
  }
  std::string why_no_memory(std::size_t bytes) const {
    if (is_lent() && allocator_.allocate == nullptr) {
      return concatenate("cuda_backend: no memory for ", bytes, " bytes: it was lent no allocator,",
                         " and ", scratch_.capacity(),
                         " bytes of scratch; scratch_bytes() says how much a call needs");
    }
    std::size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    return concatenate("cuda_backend: no memory for ", bytes, " bytes on ", properties_.name, ": ",
                       allocated_, " bytes are in use here, ", free, " of ", total,
                       " are free; smaller micro-batches need less");
  }
  static bool is_on_device(const void* pointer) {
    cudaPointerAttributes attributes{};
    return cudaPointerGetAttributes(&attributes, pointer) == cudaSuccess &&
           attributes.type == cudaMemoryTypeDevice;
  }
  bool is_stream_capturing() const {
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    return cudaStreamIsCapturing(stream(), &status) == cudaSuccess &&
           status != cudaStreamCaptureStatusNone;
  }
  cudaError_t end_capture(cudaGraph_t& graph) {
    const cudaError_t code = cudaStreamEndCapture(stream(), &graph);
    is_capturing_ = false;
    for (const auto& [pointer, bytes] : freed_) give_memory(pointer, bytes);
    freed_.clear();
    cudaGetLastError();  // an interrupted capture must not be reported by the next launch
    return code;
  }

  bool poison_ = false;
  int device_ = 0;
  int restored_ = cuda_detail::device_scope::none;  // the device, where the caller has his own
  cuda_detail::owned_stream own_;  // before the arena, which frees its blocks on the stream
  cudaStream_t stream_ = nullptr;
  cuda_allocator allocator_;
  cublasLtHandle_t cublas_ = nullptr;
  bool owns_cublas_ = false;
  cudaDeviceProp properties_{};
  std::map<algorithm_key, cublasLtMatmulAlgo_t> algorithms_;
  void* workspace_ = nullptr;
  bool is_capturing_ = false;
  std::vector<std::pair<void*, std::size_t>> freed_;  // during a capture
  std::int64_t allocations_ = 0;
  std::size_t allocated_ = 0;
  std::size_t peak_ = 0;
  arena<cuda_backend> scratch_;
  arena<cuda_backend>* measured_ = nullptr;  // by scratch_bytes
};

static_assert(backend<cuda_backend>);

}  // namespace radlads

// Specialisations: wherever the backend is known.
#include "radlads/core/cuda/graph_capture.cuh"
#include "radlads/core/cuda/side_work.cuh"
