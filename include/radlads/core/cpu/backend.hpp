// SPDX-License-Identifier: Apache-2.0
#pragma once
// The CPU: aligned memory, scratch, and a pool of threads that splits index ranges.

#include "radlads/core/arena.hpp"
#include "radlads/core/backend.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/threads.hpp"
#include "radlads/core/view.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <utility>
#include <vector>

namespace radlads {

/// Threads that run the parts of one job at a time. Between jobs they sleep; after a job they poll
/// for a few microseconds first, because a training step is a train of short jobs.
class thread_pool {
 public:
  /// Throws, with no thread left behind, when the system does not give as many.
  explicit thread_pool(int threads) {
    try {
      workers_.reserve(static_cast<std::size_t>(std::max(threads - 1, 0)));
      for (int worker = 1; worker < threads; ++worker) {
        workers_.push_back(
            start_thread("cpu_backend", worker, threads - 1, [this, worker] { serve(worker); }));
      }
    } catch (...) {
      end();
      throw;
    }
  }
  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;
  ~thread_pool() { end(); }

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  /// Calls part(0) on the caller and part(1) ... part(size() - 1) on the workers; returns when all
  /// are done and rethrows the first exception. The part must not call run() again.
  template <class F>
  void run(F& part) {
    if (workers_.empty()) {
      part(0);
      return;
    }
    pending_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
    publish(&part, [](void* target, int worker) { (*static_cast<F*>(target))(worker); });
    capture([&] { part(0); });
    for (int round = 0; pending_.load(std::memory_order_acquire) > 0; ++round) {
      if (round > polls) std::this_thread::yield();
    }
    if (first_error_) std::rethrow_exception(std::exchange(first_error_, nullptr));
  }

 private:
  using entry = void (*)(void*, int);
  // About ten microseconds: longer than the serial stretch between two operations, shorter than
  // what would disturb another process on a shared core.
  static constexpr int polls = 20000;

  template <class F>
  void capture(F&& f) {
    try {
      f();
    } catch (...) {
      const std::lock_guard lock(error_mutex_);
      if (!first_error_) first_error_ = std::current_exception();
    }
  }

  void end() {
    publish(nullptr, nullptr);
    for (std::jthread& worker : workers_) worker.join();
  }

  void publish(void* target, entry call) {
    {
      const std::lock_guard lock(mutex_);
      target_ = target;
      call_ = call;
      generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
  }

  void serve(int worker) {
    std::uint64_t seen = 0;
    while (true) {
      for (int round = 0; round < polls && generation_.load(std::memory_order_acquire) == seen;
           ++round) {
      }
      void* target = nullptr;
      entry call = nullptr;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return generation_.load(std::memory_order_relaxed) != seen; });
        seen = generation_.load(std::memory_order_relaxed);
        target = target_;
        call = call_;
      }
      if (call == nullptr) return;
      capture([&] { call(target, worker); });
      pending_.fetch_sub(1, std::memory_order_release);
    }
  }

  std::vector<std::jthread> workers_;
  std::mutex mutex_;
  std::mutex error_mutex_;
  std::condition_variable wake_;
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<int> pending_{0};
  std::exception_ptr first_error_;
  void* target_ = nullptr;
  entry call_ = nullptr;
};

/// How a cpu_backend is set up.
struct cpu_options {
  int threads = 0;      ///< 0: as many as the machine has
  bool poison = false;  ///< fill fresh memory with NaN, so that tests see what was never written
};

namespace cpu_detail {

/// Base of cpu_backend, so that a call with one finds by its argument what this namespace has: how
/// the CPU does each operation.
struct operations {};

}  // namespace cpu_detail

/// Runs operations on the host with Eigen and threads. Not copyable; outlives every tensor made on
/// it. One caller at a time.
class cpu_backend : cpu_detail::operations {
 public:
  using space = host_space;

  explicit cpu_backend(cpu_options options = {})
      : poison_(options.poison),
        pool_(options.threads > 0
                  ? options.threads
                  : std::max(1, static_cast<int>(std::thread::hardware_concurrency()))),
        scratch_(*this) {}
  cpu_backend(const cpu_backend&) = delete;
  cpu_backend& operator=(const cpu_backend&) = delete;

  void* allocate(std::size_t bytes) {
    void* pointer = ::operator new(std::max<std::size_t>(bytes, 1), alignment, std::nothrow);
    if (pointer == nullptr) {
      throw out_of_memory(concatenate("cpu_backend: no memory for ", bytes, " bytes (", allocated_,
                                      " bytes are in use)"));
    }
    allocated_ += bytes;
    peak_ = std::max(peak_, allocated_);
    if (poison_) std::memset(pointer, 0xff, bytes);
    return pointer;
  }
  void deallocate(void* pointer, std::size_t bytes) {
    ::operator delete(pointer, alignment);
    allocated_ -= bytes;
  }
  void set_zero(void* pointer, std::size_t bytes) { std::memset(pointer, 0, bytes); }
  void copy(void* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); }
  void synchronize() {}
  arena<cpu_backend>& scratch() { return scratch_; }

  int threads() const { return pool_.size(); }
  std::size_t allocated_bytes() const { return allocated_; }
  std::size_t peak_bytes() const { return peak_; }

  /// Splits [0, count) into one contiguous range a thread, none shorter than `grain`, and calls
  /// f(begin, end, worker) for each; worker < threads(). The split depends only on the arguments
  /// and the number of threads.
  template <class F>
  void parallel_for(std::int64_t count, std::int64_t grain, F&& f) {
    if (count <= 0) return;
    const std::int64_t parts =
        std::clamp<std::int64_t>(count / std::max<std::int64_t>(grain, 1), 1, threads());
    if (parts == 1) {
      f(std::int64_t{0}, count, 0);
      return;
    }
    auto part = [&](int worker) {
      if (worker >= parts) return;
      const std::int64_t begin = count * worker / parts;
      const std::int64_t end = count * (worker + 1) / parts;
      f(begin, end, worker);
    };
    pool_.run(part);
  }

 private:
  static constexpr std::align_val_t alignment{64};
  bool poison_;
  std::size_t allocated_ = 0;
  std::size_t peak_ = 0;
  thread_pool pool_;
  arena<cpu_backend> scratch_;
};

static_assert(backend<cpu_backend>);

}  // namespace radlads
