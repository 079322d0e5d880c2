// SPDX-License-Identifier: Apache-2.0
// The only source of the program that includes mpi.h.

#include "interruption.hpp"
#include "messages.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/hash.hpp"
#include "radlads/distill/evaluate.hpp"
#include "radlads/parallel/agreement.hpp"
#include "radlads/parallel/communicator.hpp"
#include "radlads/parallel/placement.hpp"
#include "ranks.hpp"
#if defined(RADLADS_MPI) && !defined(RADLADS_PROGRAM_CUDA)
#include "radlads/parallel/mpi.hpp"
#endif

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace radlads::program {

namespace {

#if defined(RADLADS_MPI) && !defined(RADLADS_PROGRAM_CUDA)
constexpr bool has_ranks = true;
std::unique_ptr<parallel::mpi> joined;

template <class F>
void with_others(F&& f) {
  if (joined) f(*joined);
}
#else
constexpr bool has_ranks = false;

template <class F>
void with_others(F&&) {}
#endif

/// For the few numbers that ranks tell each other outside of training.
cpu_backend& host() {
  static cpu_backend backend{{.threads = 1}};
  return backend;
}

/// Commands that several ranks may run.
constexpr std::array<std::string_view, 6> parallel_commands{"train",   "transfer", "align",
                                                            "distill", "extend",   "convert"};

std::string started(const parallel::placement& p) {
  return fmt::format("{} says that {} processes were started", p.source, p.size);
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
#if defined(RADLADS_PROGRAM_CUDA)
  fail("--device cuda trains on one GPU, and ", started(p));
#endif
  require(has_ranks, started(p),
          ", and this program was built without MPI, so that they would not ",
          "know of each other; start one, or build with -DRADLADS_MPI=ON");
  start();
  require(size_ == p.size && rank_ == p.rank, started(p), " and that this is number ", p.rank,
          ", and MPI says number ", rank_, " of ", size_,
          "; start them with mpirun, or with srun --mpi=pmix");
}

void run_ranks::start() {
#if defined(RADLADS_MPI) && !defined(RADLADS_PROGRAM_CUDA)
  parallel::mpi_options options;
  options.time_limit = 0;
  options.on_wait = [this, is_said = false](double seconds) mutable {
    // Where a rank has died, the launcher stops the others; this one says whom it misses.
    if (is_said || seconds < 0.2 || stopping_signal() == 0) return;
    is_said = true;
    unmute();
    message("radlads: rank {} of {} was told to stop (signal {}) while it waited for {}\n", rank_,
            size_, stopping_signal(), joined->missing());
    if (!is_first()) mute();
  };
  joined = std::make_unique<parallel::mpi>(options);
  rank_ = joined->rank();
  size_ = joined->size();
#endif
}

void run_ranks::leave() {
#if defined(RADLADS_MPI) && !defined(RADLADS_PROGRAM_CUDA)
  if (!joined) return;
  // Rank 0 may still be writing what the others were told to stop for.
  joined->options().on_wait = nullptr;
  wait_for_first();
  joined.reset();
#endif
}

void run_ranks::abort([[maybe_unused]] int status, const std::string& text) {
  if (!is_first()) std::this_thread::sleep_for(std::chrono::seconds(2));
  unmute();
  message("radlads: {}{}\n", is_first() ? "" : fmt::format("rank {} of {}: ", rank_, size_), text);
  with_others([&](auto& mpi) { mpi.abort(status); });
  std::abort();
}

void run_ranks::set_time_limit(double seconds) {
  with_others([&](auto& mpi) { mpi.options().time_limit = seconds; });
  time_limit_ = seconds;
}

void run_ranks::all_reduce(cpu_backend& b, const view<float, 1>& values) {
  with_others([&](auto& mpi) { mpi.all_reduce(b, values); });
}
void run_ranks::all_reduce(cpu_backend& b, const view<double, 1>& values) {
  with_others([&](auto& mpi) { mpi.all_reduce(b, values); });
}
void run_ranks::all_reduce(cpu_backend& b, const view<std::int64_t, 1>& values) {
  with_others([&](auto& mpi) { mpi.all_reduce(b, values); });
}

namespace {

template <class T>
void scatter(cpu_backend& b, const view<const T, 1>& all, const view<T, 1>& own, int size) {
  if (size == 1) return parallel::single().reduce_scatter(b, all, own);
  with_others([&](auto& mpi) { mpi.reduce_scatter(b, all, own); });
}

template <class T>
void gather(cpu_backend& b, const view<const T, 1>& own, const view<T, 1>& all, int size) {
  if (size == 1) return parallel::single().all_gather(b, own, all);
  with_others([&](auto& mpi) { mpi.all_gather(b, own, all); });
}

}  // namespace

void run_ranks::reduce_scatter(cpu_backend& b, const view<const float, 1>& all,
                               const view<float, 1>& own) {
  scatter(b, all, own, size_);
}
void run_ranks::reduce_scatter(cpu_backend& b, const view<const double, 1>& all,
                               const view<double, 1>& own) {
  scatter(b, all, own, size_);
}
void run_ranks::reduce_scatter(cpu_backend& b, const view<const std::int64_t, 1>& all,
                               const view<std::int64_t, 1>& own) {
  scatter(b, all, own, size_);
}

void run_ranks::all_gather(cpu_backend& b, const view<const float, 1>& own,
                           const view<float, 1>& all) {
  gather(b, own, all, size_);
}
void run_ranks::all_gather(cpu_backend& b, const view<const double, 1>& own,
                           const view<double, 1>& all) {
  gather(b, own, all, size_);
}
void run_ranks::all_gather(cpu_backend& b, const view<const std::int64_t, 1>& own,
                           const view<std::int64_t, 1>& all) {
  gather(b, own, all, size_);
}

void run_ranks::broadcast(cpu_backend& b, const view<float, 1>& values, int root) {
  with_others([&](auto& mpi) { mpi.broadcast(b, values, root); });
}
void run_ranks::broadcast(cpu_backend& b, const view<double, 1>& values, int root) {
  with_others([&](auto& mpi) { mpi.broadcast(b, values, root); });
}
void run_ranks::broadcast(cpu_backend& b, const view<std::int64_t, 1>& values, int root) {
  with_others([&](auto& mpi) { mpi.broadcast(b, values, root); });
}

void run_ranks::barrier() {
  with_others([](auto& mpi) { mpi.barrier(); });
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
  broadcast(host(), view<std::int64_t, 1>(&own, {1}), 0);
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

}  // namespace radlads::program
