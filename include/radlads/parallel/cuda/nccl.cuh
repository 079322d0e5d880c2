// SPDX-License-Identifier: Apache-2.0
#pragma once
// A communicator on NCCL, for numbers in the memory of GPUs, where the target radlads::nccl is
// linked (it defines RADLADS_NCCL); without it this header is empty. It is for host compilers too.
//
// Calls put their work on the stream of the backend that they are given and return. So nothing
// that waits for that stream may follow but wait(), which looks at NCCL's errors and at the clock:
// a GPU that waits for a rank that is no more waits without end.

#if defined(RADLADS_NCCL)

#include "radlads/core/cuda/backend.cuh"
#include "radlads/core/error.hpp"
#include "radlads/core/threads.hpp"
#include "radlads/core/view.hpp"
#include "radlads/parallel/communicator.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <cuda_runtime.h>
#include <exception>
#include <functional>
#include <future>
#include <nccl.h>
#include <span>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace radlads::parallel {

struct nccl_options {
  /// How long a rank waits for others before it throws; 0: without end.
  double time_limit = 600;
  /// Called now and then while a rank waits, with the seconds it has waited; may throw.
  std::function<void(double)> on_wait;
};

/// Throws `error` with NCCL's own words unless the call succeeded.
inline void require_nccl(ncclResult_t code, const char* what) {
  if (code == ncclSuccess || code == ncclInProgress) return;
  fail(what, ": NCCL says ", ncclGetErrorString(code), ", ", ncclGetLastError(nullptr));
}

/// What the ranks of a communicator must agree on before they find each other. One makes it and
/// hands it to the others; or all make it, with NCCL_COMM_ID the same on all of them, an address
/// of rank 0's machine, "host:port".
inline ncclUniqueId make_nccl_id() {
  ncclUniqueId id{};
  require_nccl(ncclGetUniqueId(&id), "nccl: an id for the ranks");
  return id;
}

/// The ranks of a program, each with a GPU of its own. Sums are made in NCCL's order, in the type
/// of the numbers: the same ranks on the same machines give the same bytes.
///
/// A call that throws leaves the ranks out of step; all that may follow is the end of the process.
class nccl {
 public:
  /// Finds the others: returns when all `size` ranks have come. Chooses the device for this thread.
  nccl(int device, int rank, int size, const ncclUniqueId& id, nccl_options options = {})
      : options_(std::move(options)), rank_(rank), size_(size) {
    require_cuda(cudaSetDevice(device), "nccl: choosing the device");
    meet(device, id);
    require_cuda(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "nccl: a stream");
    require_cuda(cudaEventCreateWithFlags(&last_, cudaEventDisableTiming), "nccl: an event");
    require_cuda(cudaMalloc(&on_device_, staging_bytes), "nccl: memory for the host's numbers");
    require_cuda(cudaMallocHost(&on_host_, staging_bytes), "nccl: memory for the host's numbers");
    // Connections are made by the first call: here, where all have just come.
    barrier();
  }
  nccl(const nccl&) = delete;
  nccl& operator=(const nccl&) = delete;
  ~nccl() {
    if (is_broken_) return;
    ncclCommDestroy(comm_);
    cudaFree(on_device_);
    cudaFreeHost(on_host_);
    cudaEventDestroy(last_);
    cudaStreamDestroy(stream_);
  }

  int rank() const { return rank_; }
  int size() const { return size_; }
  nccl_options& options() { return options_; }

  /// "rank 1", where there is one other, or "others".
  std::string missing() const {
    return size_ == 2 ? concatenate("rank ", 1 - rank_) : std::string("others");
  }

  /// Stops what the GPU still does for the ranks; no call may follow.
  void abort() {
    if (!std::exchange(is_broken_, true)) ncclCommAbort(comm_);
  }

  template <class T>
  void all_reduce(cuda_backend& b, const view<T, 1, device_space>& values) {
    begin(b);
    check(ncclAllReduce(values.pointer, values.pointer, count_of(values), type_of<T>(), ncclSum,
                        comm_, b.stream()),
          "all_reduce");
    finish(b.stream());
  }

  template <class From, class T>
  void reduce_scatter(cuda_backend& b, const view<From, 1, device_space>& values,
                      const view<T, 1, device_space>& own) {
    require_part(own, values.size(), rank_, size_, "reduce_scatter");
    begin(b);
    if (values.size() % size_ == 0) {
      check(ncclReduceScatter(values.pointer, own.pointer, count_of(own), type_of<T>(), ncclSum,
                              comm_, b.stream()),
            "reduce_scatter");
    } else {
      for_each_part(values.size(), "reduce_scatter", [&](const part& each, int owner) {
        return ncclReduce(values.pointer + each.begin, own.pointer,
                          static_cast<std::size_t>(each.size()), type_of<T>(), ncclSum, owner,
                          comm_, b.stream());
      });
    }
    finish(b.stream());
  }

  template <class From, class T>
  void all_gather(cuda_backend& b, const view<From, 1, device_space>& own,
                  const view<T, 1, device_space>& values) {
    require_part(own, values.size(), rank_, size_, "all_gather");
    begin(b);
    gather_parts(own.pointer, values.pointer, values.size(), b.stream());
    finish(b.stream());
  }

  template <class T>
  void broadcast(cuda_backend& b, const view<T, 1, device_space>& values, int root) {
    require_root(root);
    begin(b);
    check(ncclBroadcast(values.pointer, values.pointer, count_of(values), type_of<T>(), root, comm_,
                        b.stream()),
          "broadcast");
    finish(b.stream());
  }

  /// Returns when all that was put on the backend's stream is done. Throws, naming this rank, when
  /// NCCL has met an error or the time limit is over.
  void wait(cuda_backend& b) { wait_for(b.stream(), "a sum over ranks"); }

  void barrier() {
    std::int64_t one = 1;
    sum_on_host(std::span(&one, 1), "barrier");
  }

  /// The host's numbers of all ranks, in the order of ranks: `all` has `size` times those of `own`.
  template <class T>
  void gather_on_host(std::span<const T> own, std::span<T> all) {
    require(all.size() == own.size() * static_cast<std::size_t>(size_),
            "gather_on_host: ", own.size(), " numbers of ", size_, " ranks do not fit in ",
            all.size());
    const std::size_t most = staging_bytes / sizeof(T) / static_cast<std::size_t>(size_);
    for (std::size_t first = 0; first < own.size(); first += most) {
      const std::size_t count = std::min(most, own.size() - first);
      gather_piece(own.subspan(first, count), all.subspan(first), own.size());
    }
  }

  /// Overwrites the host's numbers with those of rank `root`.
  template <class T>
  void broadcast_on_host(std::span<T> values, int root) {
    require_root(root);
    constexpr std::size_t most = staging_bytes / sizeof(T);
    for (std::size_t first = 0; first < values.size(); first += most) {
      const auto piece = values.subspan(first, std::min(most, values.size() - first));
      begin(stream_);
      to_device(piece.data(), piece.size_bytes());
      check(ncclBroadcast(on_device_, on_device_, piece.size(), type_of<T>(), root, comm_, stream_),
            "broadcast");
      from_device(piece.data(), piece.size_bytes(), "broadcast");
    }
  }

 private:
  using clock = std::chrono::steady_clock;
  static constexpr std::size_t staging_bytes = std::size_t{1} << 16;

  template <class T>
  static ncclDataType_t type_of() {
    static_assert(
        std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, std::int64_t>,
        "numbers travel as float, double or 64-bit integers");
    if constexpr (std::is_same_v<T, float>) return ncclFloat32;
    if constexpr (std::is_same_v<T, double>) return ncclFloat64;
    return ncclInt64;
  }

  template <class View>
  static std::size_t count_of(const View& values) {
    return static_cast<std::size_t>(values.size());
  }

  void require_root(int root) const {
    require(root >= 0 && root < size_, "broadcast: there is no rank ", root, ", only ranks 0 to ",
            size_ - 1);
  }

  /// NCCL itself waits without end for ranks that do not come: a thread does that.
  void meet(int device, const ncclUniqueId& id) {
    std::promise<ncclComm_t> found;
    std::future<ncclComm_t> result = found.get_future();
    const auto work = [device, size = size_, rank = rank_, id](std::promise<ncclComm_t>& to) {
      try {
        require_cuda(cudaSetDevice(device), "nccl: choosing the device");
        ncclComm_t comm = nullptr;
        require_nccl(ncclCommInitRank(&comm, size, id, rank), "nccl: meeting the other ranks");
        to.set_value(comm);
      } catch (...) {
        to.set_exception(std::current_exception());
      }
    };
    start_thread("nccl", 1, 1, [work, to = std::move(found)]() mutable { work(to); }).detach();
    const auto start = clock::now();
    while (result.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
      const std::chrono::duration<double> waited = clock::now() - start;
      look_at_clock(waited.count(), "nccl");
    }
    comm_ = result.get();
  }

  void begin(cuda_backend& b) {
    if (b.is_capturing()) throw not_capturable("nccl: a captured graph holds no sums over ranks");
    begin(b.stream());
  }

  /// What the ranks do for each other is one sequence, whichever streams it is on.
  void begin(cudaStream_t stream) {
    require(!is_broken_, "nccl: an earlier call failed, and no other may follow");
    if (last_stream_ != nullptr && stream != last_stream_)
      require_cuda(cudaStreamWaitEvent(stream, last_), "nccl: the call before");
  }
  void finish(cudaStream_t stream) {
    require_cuda(cudaEventRecord(last_, stream), "nccl: an event");
    last_stream_ = stream;
  }

  template <class F>
  void for_each_part(std::int64_t count, const char* where, F&& f) {
    check(ncclGroupStart(), where);
    for (int other = 0; other < size_; ++other) {
      const part each = part_of(count, other, size_);
      if (each.size() > 0) check(f(each, other), where);
    }
    check(ncclGroupEnd(), where);
  }

  template <class T>
  void gather_parts(const T* own, T* values, std::int64_t count, cudaStream_t stream) {
    if (count % size_ == 0) {
      const auto each = static_cast<std::size_t>(count / size_);
      check(ncclAllGather(own, values, each, type_of<T>(), comm_, stream), "all_gather");
      return;
    }
    for_each_part(count, "all_gather", [&](const part& each, int owner) {
      T* const place = values + each.begin;
      return ncclBroadcast(owner == rank_ ? own : place, place,
                           static_cast<std::size_t>(each.size()), type_of<T>(), owner, comm_,
                           stream);
    });
  }

  void to_device(const void* from, std::size_t bytes) {
    std::memcpy(on_host_, from, bytes);
    require_cuda(cudaMemcpyAsync(on_device_, on_host_, bytes, cudaMemcpyHostToDevice, stream_),
                 "nccl: the host's numbers");
  }
  void from_device(void* to, std::size_t bytes, const char* where) {
    require_cuda(cudaMemcpyAsync(on_host_, on_device_, bytes, cudaMemcpyDeviceToHost, stream_),
                 "nccl: the host's numbers");
    finish(stream_);
    wait_for(stream_, where);
    std::memcpy(to, on_host_, bytes);
  }

  template <class T>
  void gather_piece(std::span<const T> own, std::span<T> all, std::size_t stride) {
    begin(stream_);
    T* const place = static_cast<T*>(on_device_);
    const auto ranks = static_cast<std::size_t>(size_);
    std::memcpy(on_host_, own.data(), own.size_bytes());
    T* const mine = place + own.size() * static_cast<std::size_t>(rank_);
    require_cuda(cudaMemcpyAsync(mine, on_host_, own.size_bytes(), cudaMemcpyHostToDevice, stream_),
                 "nccl: the host's numbers");
    check(ncclAllGather(mine, place, own.size(), type_of<T>(), comm_, stream_), "all_gather");
    std::vector<T> gathered(own.size() * ranks);
    from_device(gathered.data(), gathered.size() * sizeof(T), "all_gather");
    for (std::size_t rank = 0; rank < ranks; ++rank) {
      std::copy_n(gathered.data() + rank * own.size(), own.size(), all.data() + rank * stride);
    }
  }

  template <class T>
  void sum_on_host(std::span<T> values, const char* where) {
    begin(stream_);
    to_device(values.data(), values.size_bytes());
    check(
        ncclAllReduce(on_device_, on_device_, values.size(), type_of<T>(), ncclSum, comm_, stream_),
        where);
    from_device(values.data(), values.size_bytes(), where);
  }

  void check(ncclResult_t code, const char* where) {
    if (code == ncclSuccess || code == ncclInProgress) return;
    const std::string words = concatenate(ncclGetErrorString(code), ", ", ncclGetLastError(comm_));
    abort();
    fail(where, ": rank ", rank_, " of ", size_, ": NCCL says ", words);
  }

  /// Looks often at first, then leaves the processor to others.
  void wait_for(cudaStream_t stream, const char* where) {
    const auto start = clock::now();
    for (;;) {
      const cudaError_t code = cudaStreamQuery(stream);
      if (code == cudaSuccess) return;
      if (code != cudaErrorNotReady) abort();
      require_cuda(code == cudaErrorNotReady ? cudaSuccess : code, where);
      ncclResult_t problem = ncclSuccess;
      check(ncclCommGetAsyncError(comm_, &problem), where);
      check(problem, where);
      const std::chrono::duration<double> waited = clock::now() - start;
      look_at_clock(waited.count(), where);
      if (waited.count() < 0.02) {
        std::this_thread::yield();
      } else {
        std::this_thread::sleep_for(std::chrono::microseconds(waited.count() < 1 ? 20 : 200));
      }
    }
  }

  void look_at_clock(double seconds, const char* where) {
    if (options_.on_wait) options_.on_wait(seconds);
    if (options_.time_limit <= 0 || seconds <= options_.time_limit) return;
    if (comm_ != nullptr) abort();
    fail(where, ": rank ", rank_, " of ", size_, " has waited ", options_.time_limit,
         " seconds for ", missing());
  }

  nccl_options options_;
  int rank_ = 0, size_ = 1;
  ncclComm_t comm_ = nullptr;
  bool is_broken_ = false;
  cudaStream_t stream_ = nullptr;       // for the host's numbers
  cudaStream_t last_stream_ = nullptr;  // of the call before
  cudaEvent_t last_ = nullptr;
  void* on_device_ = nullptr;
  void* on_host_ = nullptr;
};

}  // namespace radlads::parallel

#endif
