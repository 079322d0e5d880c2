// SPDX-License-Identifier: Apache-2.0
// The only source of the program that includes mpi.h and nccl.h.

#include "interruption.hpp"
#include "messages.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/hash.hpp"
#include "radlads/distill/evaluate.hpp"
#include "radlads/parallel/agreement.hpp"
#include "radlads/parallel/communicator.hpp"
#include "radlads/parallel/placement.hpp"
#include "ranks.hpp"
#if defined(RADLADS_MPI)
#include "radlads/parallel/mpi.hpp"
#endif
#if defined(RADLADS_PROGRAM_CUDA)
#include "radlads/core/cuda/backend.cuh"
#include "radlads/parallel/cuda/nccl.cuh"
#endif

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace radlads::program {

namespace {

#if defined(RADLADS_PROGRAM_CUDA)
constexpr bool is_for_gpus = true;
using rank_backend = cuda_backend;
#else
constexpr bool is_for_gpus = false;
using rank_backend = cpu_backend;
#endif

#if defined(RADLADS_MPI)
constexpr bool has_mpi = true;
std::unique_ptr<parallel::mpi> joined;
#else
constexpr bool has_mpi = false;
#endif

#if defined(RADLADS_PROGRAM_CUDA) && defined(RADLADS_NCCL)
constexpr bool has_nccl = true;
std::unique_ptr<parallel::nccl> gpus;
#else
constexpr bool has_nccl = false;
#endif

/// Calls f with the communicator of the backend's numbers, once the ranks have met.
template <class F>
void with_others([[maybe_unused]] F&& f) {
#if defined(RADLADS_PROGRAM_CUDA) && defined(RADLADS_NCCL)
  if (gpus) f(*gpus);
#elif !defined(RADLADS_PROGRAM_CUDA) && defined(RADLADS_MPI)
  if (joined) f(*joined);
#endif
}

/// For the few numbers that ranks tell each other outside of training.
cpu_backend& host() {
  static cpu_backend backend{{.threads = 1}};
  return backend;
}

/// Commands that several ranks may run.
constexpr std::array<std::string_view, 7> parallel_commands{
    "train", "transfer", "align", "distill", "extend", "convert", "eval"};

std::string started(const parallel::placement& p) {
  return fmt::format("{} says that {} processes were started", p.source, p.size);
}

/// Throws unless this program knows how such processes find each other.
void require_library(const parallel::placement& p) {
  if constexpr (is_for_gpus) {
    require(has_nccl, started(p), ", and radlads-cuda was built without NCCL, so that their GPUs ",
            "would not train together; start one, or build with -DRADLADS_NCCL=ON");
  } else {
    require(has_mpi, started(p), ", and this program was built without MPI, so that they would ",
            "not know of each other; start one, or build with -DRADLADS_MPI=ON");
  }
}

}  // namespace

run_ranks& ranks() {
  static run_ranks all;
  return all;
}

void run_ranks::join(const std::string& command) {
  if (command.starts_with("-")) return;
  const parallel::placement p = parallel::read_placement();
  if (p.size == 1) return;
  if (p.rank > 0) mute();
  const bool is_parallel = std::find(parallel_commands.begin(), parallel_commands.end(), command) !=
                           parallel_commands.end();
  require(is_parallel, "the command ", command, " runs as one process, and ", started(p));
  require_library(p);
  local_rank_ = p.local_rank;
  // GPUs need MPI for nothing but their first words, where mpirun is what started them.
  if (!is_for_gpus || (has_mpi && p.is_of_mpi())) {
    start_mpi();
    require(size_ == p.size && rank_ == p.rank, started(p), " and that this is number ", p.rank,
            ", and MPI says number ", rank_, " of ", size_,
            "; start them with mpirun, or with srun --mpi=pmix");
  }
  rank_ = p.rank;
  size_ = p.size;
}

namespace {

/// Where a rank has died, the launcher stops the others; this one says whom it misses.
template <class Missing>
auto teller(const run_ranks& all, const Missing& missing) {
  return [&all, missing, is_said = false](double seconds) mutable {
    if (is_said || seconds < 0.2 || stopping_signal() == 0) return;
    is_said = true;
    unmute();
    message("radlads: rank {} of {} was told to stop (signal {}) while it waited for {}\n",
            all.rank(), all.size(), stopping_signal(), missing());
    if (!all.is_first()) mute();
  };
}

}  // namespace

void run_ranks::start_mpi() {
#if defined(RADLADS_MPI)
  parallel::mpi_options options;
  options.time_limit = 0;
  options.on_wait = teller(*this, [] { return joined->missing(); });
  joined = std::make_unique<parallel::mpi>(options);
  rank_ = joined->rank();
  size_ = joined->size();
#endif
}

#if defined(RADLADS_PROGRAM_CUDA) && defined(RADLADS_NCCL)
namespace {

/// The same id on all ranks: MPI hands it out, or NCCL makes it of the place where they meet.
ncclUniqueId common_id([[maybe_unused]] int rank, std::int64_t port) {
#if defined(RADLADS_MPI)
  if (joined) {
    ncclUniqueId id{};
    if (rank == 0) id = parallel::make_nccl_id();
    std::array<std::int64_t, sizeof(ncclUniqueId) / sizeof(std::int64_t)> words{};
    std::memcpy(words.data(), &id, sizeof(id));
    joined->broadcast(host(), view<std::int64_t, 1>(words.data(), {std::ssize(words)}), 0);
    std::memcpy(&id, words.data(), sizeof(id));
    return id;
  }
#endif
  if (std::getenv("NCCL_COMM_ID") == nullptr) {
    const std::string place = parallel::read_meeting_place(port > 0 ? port : parallel::usual_port);
    ::setenv("NCCL_COMM_ID", place.c_str(), 1);
  }
  return parallel::make_nccl_id();
}

}  // namespace
#endif

void run_ranks::meet() {
#if defined(RADLADS_PROGRAM_CUDA) && defined(RADLADS_NCCL)
  if (gpus || size_ == 1) return;
  parallel::nccl_options options;
  options.time_limit = time_limit_;
  const auto missing = [size = size_, other = 1 - rank_] {
    return size == 2 ? fmt::format("rank {}", other) : std::string("others");
  };
  options.on_wait = teller(*this, missing);
  gpus = std::make_unique<parallel::nccl>(device(), rank_, size_, common_id(rank_, port_), options);
  gpus->options().time_limit = 0;
#endif
}

int run_ranks::device() const {
#if defined(RADLADS_PROGRAM_CUDA)
  int count = 0;
  if (size_ == 1 || cudaGetDeviceCount(&count) != cudaSuccess) return 0;
  // A launcher may show each process its own GPU alone.
  if (count == 1) return 0;
  require(local_rank_ < count, "rank ", rank_, " of ", size_, " is number ", local_rank_,
          " of its machine, which has ", count, " GPUs: each rank needs its own");
  return local_rank_;
#else
  return 0;
#endif
}

void run_ranks::leave() {
  if (size_ == 1) return;
  // Rank 0 may still be writing what the others were told to stop for.
  with_others([](auto& all) { all.options().on_wait = nullptr; });
  wait_for_first();
#if defined(RADLADS_PROGRAM_CUDA) && defined(RADLADS_NCCL)
  gpus.reset();
#endif
#if defined(RADLADS_MPI)
  joined.reset();
#endif
}

void run_ranks::abort([[maybe_unused]] int status, const std::string& text) {
  if (!is_first()) std::this_thread::sleep_for(std::chrono::seconds(2));
  unmute();
  message("radlads: {}{}\n", is_first() ? "" : fmt::format("rank {} of {}: ", rank_, size_), text);
#if defined(RADLADS_MPI)
  if (joined) joined->abort(status);
#endif
  // The launcher ends the others, or their time limit does.
  std::_Exit(status);
}

void run_ranks::set_time_limit(double seconds) {
  with_others([&](auto& all) { all.options().time_limit = seconds; });
  time_limit_ = seconds;
}

template <class B, class T, class Space>
void run_ranks::all_reduce(B& b, const view<T, 1, Space>& values) {
  with_others([&](auto& all) { all.all_reduce(b, values); });
}

template <class B, class T, class Space>
void run_ranks::reduce_scatter(B& b, const view<const T, 1, Space>& all,
                               const view<T, 1, Space>& own) {
  if (size_ == 1) return parallel::single().reduce_scatter(b, all, own);
  with_others([&](auto& others) { others.reduce_scatter(b, all, own); });
}

template <class B, class T, class Space>
void run_ranks::all_gather(B& b, const view<const T, 1, Space>& own, const view<T, 1, Space>& all) {
  if (size_ == 1) return parallel::single().all_gather(b, own, all);
  with_others([&](auto& others) { others.all_gather(b, own, all); });
}

template <class B, class T, class Space>
void run_ranks::broadcast(B& b, const view<T, 1, Space>& values, int root) {
  with_others([&](auto& all) { all.broadcast(b, values, root); });
}

template <class B>
void run_ranks::wait([[maybe_unused]] B& b) {
  with_others([&](auto& all) {
    if constexpr (requires { all.wait(b); }) all.wait(b);
  });
}

void run_ranks::barrier() {
  meet();
  with_others([](auto& all) { all.barrier(); });
}

template <class T>
void run_ranks::gather_on_host(std::span<const T> own, std::span<T> all) {
  meet();
  if (size_ == 1) std::copy(own.begin(), own.end(), all.begin());
  with_others([&](auto& others) {
    if constexpr (is_for_gpus) {
      others.gather_on_host(own, all);
    } else {
      others.all_gather(host(), view<const T, 1>(own.data(), {std::ssize(own)}),
                        view<T, 1>(all.data(), {std::ssize(all)}));
    }
  });
}

template <class T>
void run_ranks::broadcast_on_host(std::span<T> values, int root) {
  meet();
  with_others([&](auto& others) {
    if constexpr (is_for_gpus) {
      others.broadcast_on_host(values, root);
    } else {
      others.broadcast(host(), view<T, 1>(values.data(), {std::ssize(values)}), root);
    }
  });
}

void run_ranks::wait_for_first() {
  const double limit = time_limit_;
  set_time_limit(0);
  barrier();
  set_time_limit(limit);
}

std::string run_ranks::text_of_first(const std::string& own) {
  wait_for_first();
  return parallel::broadcast_text(*this, host(), own, 0);
}

std::int64_t run_ranks::number_of_first(std::int64_t own) {
  wait_for_first();
  broadcast_on_host(std::span(&own, 1), 0);
  return own;
}

std::int64_t run_ranks::most(std::int64_t number) {
  if (size_ == 1) return number;
  const auto all = parallel::gather<std::int64_t>(*this, host(), std::span(&number, 1));
  return *std::max_element(all.begin(), all.end());
}

distill::score run_ranks::sum(const distill::score& own) {
  if (size_ == 1) return own;
  const std::array<std::int64_t, 4> counts{own.tokens, own.right, own.teacher_right, own.agreed};
  const std::array<double, 3> sums{own.nats, own.teacher_nats, own.divergence};
  const auto all_counts =
      parallel::gather<std::int64_t>(*this, host(), std::span<const std::int64_t>(counts));
  const auto all_sums = parallel::gather<double>(*this, host(), std::span<const double>(sums));
  distill::score total;
  for (std::size_t i = 0; i < static_cast<std::size_t>(size_); ++i) {
    const std::int64_t* const c = all_counts.data() + i * counts.size();
    const double* const s = all_sums.data() + i * sums.size();
    total += {c[0], s[0], s[1], s[2], c[1], c[2], c[3]};
  }
  return total;
}

void run_ranks::require_same(const std::string& text, const std::string& what) {
  if (size_ == 1) return;
  const auto own =
      static_cast<std::int64_t>(stream_hash().update(text.data(), text.size()).value());
  const auto all = parallel::gather<std::int64_t>(*this, host(), std::span(&own, 1));
  for (std::size_t i = 0; i < all.size(); ++i) {
    require(all[i] == all[0], what, " is not the same on rank ", i, " as on rank 0");
  }
}

#define RADLADS_PROGRAM_RANKS(T)                                                                   \
  template void run_ranks::all_reduce(rank_backend&, const view_on<T, 1, rank_backend>&);          \
  template void run_ranks::reduce_scatter(rank_backend&, const view_on<const T, 1, rank_backend>&, \
                                          const view_on<T, 1, rank_backend>&);                     \
  template void run_ranks::all_gather(rank_backend&, const view_on<const T, 1, rank_backend>&,     \
                                      const view_on<T, 1, rank_backend>&);                         \
  template void run_ranks::broadcast(rank_backend&, const view_on<T, 1, rank_backend>&, int);      \
  template void run_ranks::gather_on_host(std::span<const T>, std::span<T>);                       \
  template void run_ranks::broadcast_on_host(std::span<T>, int);
RADLADS_PROGRAM_RANKS(float)
RADLADS_PROGRAM_RANKS(double)
RADLADS_PROGRAM_RANKS(std::int64_t)
#undef RADLADS_PROGRAM_RANKS
template void run_ranks::wait(rank_backend&);

}  // namespace radlads::program
