// SPDX-License-Identifier: Apache-2.0
#pragma once
// The processes of one run, when mpirun, srun or torchrun started several: on the CPU they are
// MPI's, on GPUs NCCL's. All of them compute; rank 0 alone speaks, writes and holds locks, and
// decides what depends on files that it may change.

#include "radlads/core/view.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <type_traits>

namespace radlads::distill {
struct score;
}

namespace radlads::program {

/// This process's place among them; a communicator (parallel/communicator.hpp) for numbers in the
/// memory of the program's backend. Without other processes its calls do nothing.
class run_ranks {
 public:
  run_ranks() = default;
  run_ranks(const run_ranks&) = delete;
  run_ranks& operator=(const run_ranks&) = delete;

  /// Joins the others before `command` runs, if the environment says that there are others. Throws
  /// when this program or this command cannot run with others.
  void join(const std::string& command);
  /// Leaves them, when all goes well: returns when all leave.
  void leave();
  /// Ends every rank with this exit status; `text` says why. Rank 0 may be about to say the same,
  /// so others give it a moment.
  [[noreturn]] void abort(int status, const std::string& text);

  int rank() const { return rank_; }
  int size() const { return size_; }
  bool is_first() const { return rank_ == 0; }
  /// The GPU of this rank, as CUDA counts them. Throws where there are fewer than ranks.
  int device() const;
  /// Where ranks with GPUs find each other, before they do: a port of rank 0's machine.
  void meet_at(std::int64_t port) { port_ = port; }
  /// How long a rank waits for the others in training, in seconds.
  void set_time_limit(double seconds);

  template <class B, class T, class Space>
  void all_reduce(B& b, const view<T, 1, Space>& values);
  template <class B, class T, class Space>
  void reduce_scatter(B& b, const view<const T, 1, Space>& all, const view<T, 1, Space>& own);
  template <class B, class T, class Space>
  void all_gather(B& b, const view<const T, 1, Space>& own, const view<T, 1, Space>& all);
  template <class B, class T, class Space>
  void broadcast(B& b, const view<T, 1, Space>& values, int root);
  /// Returns when such calls on the backend are done.
  template <class B>
  void wait(B& b);
  void barrier();

  /// The same for the host's numbers: those of all ranks, in their order, and those of one.
  template <class T>
  void gather_on_host(std::span<const T> own, std::span<T> all);
  template <class T>
  void broadcast_on_host(std::span<T> values, int root);

  /// What rank 0 computes, on all ranks; a text or what converts to an integer and back. The others
  /// wait as long as it takes.
  template <class F>
  auto from_first(F&& compute) {
    using result = std::remove_cvref_t<decltype(compute())>;
    if (size_ == 1) return result(compute());
    const result own = is_first() ? result(compute()) : result();
    if constexpr (std::is_same_v<result, std::string>) {
      return text_of_first(own);
    } else {
      return static_cast<result>(number_of_first(static_cast<std::int64_t>(own)));
    }
  }

  /// What `compute` returns, on rank 0 before it begins on others.
  template <class F>
  auto first_before_others(F&& compute) {
    if (size_ == 1) return compute();
    if (!is_first()) wait_for_first();
    auto result = compute();
    if (is_first()) wait_for_first();
    return result;
  }

  /// The largest of the ranks' numbers.
  std::int64_t most(std::int64_t number);
  /// Sums of a score over ranks.
  distill::score sum(const distill::score& own);
  /// Throws unless the text is the same on all ranks; `what` says what it is.
  void require_same(const std::string& text, const std::string& what);

 private:
  void start_mpi();
  void meet();
  void wait_for_first();
  std::string text_of_first(const std::string& own);
  std::int64_t number_of_first(std::int64_t own);

  int rank_ = 0, size_ = 1, local_rank_ = 0;
  std::int64_t port_ = 0;
  double time_limit_ = 600;
};

/// Those of this run.
run_ranks& ranks();

}  // namespace radlads::program
