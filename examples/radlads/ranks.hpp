// SPDX-License-Identifier: Apache-2.0
#pragma once
// The processes of one run, when mpirun or srun started several. All of them compute; rank 0 alone
// speaks, writes and holds locks, and decides what depends on files that it may change.

#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/view.hpp"

#include <cstdint>
#include <string>
#include <type_traits>

namespace radlads::distill {
struct score;
}

namespace radlads::program {

/// This process's place among them; a communicator (parallel/communicator.hpp) for the host's
/// numbers. Without other processes its calls do nothing.
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
  /// How long a rank waits for the others in training, in seconds.
  void set_time_limit(double seconds);

  void all_reduce(cpu_backend& b, const view<float, 1>& values);
  void all_reduce(cpu_backend& b, const view<double, 1>& values);
  void all_reduce(cpu_backend& b, const view<std::int64_t, 1>& values);
  void reduce_scatter(cpu_backend& b, const view<const float, 1>& all, const view<float, 1>& own);
  void reduce_scatter(cpu_backend& b, const view<const double, 1>& all, const view<double, 1>& own);
  void reduce_scatter(cpu_backend& b, const view<const std::int64_t, 1>& all,
                      const view<std::int64_t, 1>& own);
  void all_gather(cpu_backend& b, const view<const float, 1>& own, const view<float, 1>& all);
  void all_gather(cpu_backend& b, const view<const double, 1>& own, const view<double, 1>& all);
  void all_gather(cpu_backend& b, const view<const std::int64_t, 1>& own,
                  const view<std::int64_t, 1>& all);
  void broadcast(cpu_backend& b, const view<float, 1>& values, int root);
  void broadcast(cpu_backend& b, const view<double, 1>& values, int root);
  void broadcast(cpu_backend& b, const view<std::int64_t, 1>& values, int root);
  void barrier();

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
  void start();
  void wait_for_first();
  std::string text_of_first(const std::string& own);
  std::int64_t number_of_first(std::int64_t own);

  int rank_ = 0, size_ = 1;
  double time_limit_ = 600;
};

/// Those of this run.
run_ranks& ranks();

}  // namespace radlads::program
