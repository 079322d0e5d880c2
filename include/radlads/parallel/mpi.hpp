// SPDX-License-Identifier: Apache-2.0
#pragma once
// A communicator on MPI, for numbers in the host's memory, where the target radlads::mpi is linked
// (it defines RADLADS_MPI); without it this header is empty.
//
// Everything is point to point and nothing blocks: so a sum is made in the order of ranks, whatever
// the MPI library and the network, and a rank that waits can say for whom.

#if defined(RADLADS_MPI)

#include "radlads/core/error.hpp"
#include "radlads/core/host_copy.hpp"
#include "radlads/core/view.hpp"
#include "radlads/parallel/communicator.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <mpi.h>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace radlads::parallel {

struct mpi_options {
  /// How long a rank waits for others before it throws; 0: without end.
  double time_limit = 600;
  /// Called now and then while a rank waits, with the seconds it has waited; may throw. For what
  /// else ends a wait, such as a signal.
  std::function<void(double)> on_wait;
};

/// The ranks of a program started by mpirun or by srun. Initialises MPI unless that was done, and
/// then ends it. Calls are made by one thread at a time, the one that made it.
///
/// A call that throws leaves the ranks out of step, and MPI may still write to what it was given:
/// all that is left to do then is to call abort(), which ends every rank.
class mpi {
 public:
  explicit mpi(mpi_options options = {}) : options_(std::move(options)) {
    int is_initialised = 0;
    MPI_Initialized(&is_initialised);
    if (is_initialised == 0) {
      int provided = 0;
      require(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided) == MPI_SUCCESS,
              "mpi: MPI_Init_thread failed");
      is_owner_ = true;
    }
    // Messages of others in this program cannot meet those of this communicator.
    check(MPI_Comm_dup(MPI_COMM_WORLD, &ranks_), "MPI_Comm_dup");
    MPI_Comm_set_errhandler(ranks_, MPI_ERRORS_RETURN);
    MPI_Comm_rank(ranks_, &rank_);
    MPI_Comm_size(ranks_, &size_);
  }
  mpi(const mpi&) = delete;
  mpi& operator=(const mpi&) = delete;
  ~mpi() {
    if (is_broken_) return;
    MPI_Comm_free(&ranks_);
    if (is_owner_) MPI_Finalize();
  }

  int rank() const { return rank_; }
  int size() const { return size_; }
  mpi_options& options() { return options_; }

  /// "rank 2" or "ranks 1, 3": those of which something is still to come, while this one waits.
  std::string missing() {
    std::vector<int> waited_for;
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      int is_done = 0;
      MPI_Test(&requests_[i], &is_done, MPI_STATUS_IGNORE);
      if (is_done == 0) waited_for.push_back(peers_[i]);
    }
    std::sort(waited_for.begin(), waited_for.end());
    waited_for.erase(std::unique(waited_for.begin(), waited_for.end()), waited_for.end());
    std::string text = waited_for.size() == 1 ? "rank" : "ranks";
    for (std::size_t i = 0; i < waited_for.size(); ++i) {
      text += concatenate(i == 0 ? " " : ", ", waited_for[i]);
    }
    return text;
  }

  /// Ends every rank with this exit status, wherever it is.
  [[noreturn]] void abort(int status) const {
    MPI_Abort(ranks_, status);
    std::abort();
  }

  template <host_backend B, class T>
  void all_reduce(B&, const view<T, 1>& values) {
    // In pieces, of which each rank sums its part.
    const std::int64_t piece = piece_size * size_;
    for (std::int64_t first = 0; first < values.size(); first += piece) {
      const std::int64_t count = std::min(piece, values.size() - first);
      T* const from = values.pointer + first;
      const part mine = part_of(count, rank_, size_);
      T* const sum = staging<T>((size_ + 1) * piece_size) + size_ * piece_size;
      sum_parts(from, count, sum, "all_reduce");
      std::copy_n(sum, mine.size(), from + mine.begin);
      spread_parts(from, count, "all_reduce");
    }
  }

  template <host_backend B, class T>
  void reduce_scatter(B&, const view<const T, 1>& values, const view<T, 1>& own) {
    require_part(own, values.size(), rank_, size_, "reduce_scatter");
    sum_parts(values.pointer, values.size(), own.pointer, "reduce_scatter");
  }
  template <host_backend B, class T>
  void reduce_scatter(B& b, const view<T, 1>& values, const view<T, 1>& own) {
    reduce_scatter(b, view<const T, 1>(values), own);
  }

  template <host_backend B, class T>
  void all_gather(B&, const view<const T, 1>& own, const view<T, 1>& values) {
    require_part(own, values.size(), rank_, size_, "all_gather");
    T* const place = values.pointer + part_of(values.size(), rank_, size_).begin;
    if (own.size() > 0 && place != own.pointer) std::copy_n(own.pointer, own.size(), place);
    spread_parts(values.pointer, values.size(), "all_gather");
  }
  template <host_backend B, class T>
  void all_gather(B& b, const view<T, 1>& own, const view<T, 1>& values) {
    all_gather(b, view<const T, 1>(own), values);
  }

  template <host_backend B, class T>
  void broadcast(B&, const view<T, 1>& values, int root) {
    require(root >= 0 && root < size_, "broadcast: there is no rank ", root, ", only ranks 0 to ",
            size_ - 1);
    for (std::int64_t first = 0; first < values.size(); first += piece_size) {
      T* const from = values.pointer + first;
      const std::int64_t count = std::min(piece_size, values.size() - first);
      if (rank_ != root) receive(from, count, root);
      for (int other = 0; rank_ == root && other < size_; ++other) send(from, count, other);
      wait("broadcast");
    }
  }

  void barrier() {
    std::vector<std::int64_t> ranks(static_cast<std::size_t>(size_));
    spread_parts(ranks.data(), size_, "barrier");
  }

 private:
  using clock = std::chrono::steady_clock;
  // Elements of a message: large enough that its cost is that of copying it.
  static constexpr std::int64_t piece_size = std::int64_t{1} << 18;

  template <class T>
  static MPI_Datatype type_of() {
    static_assert(
        std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, std::int64_t>,
        "numbers travel as float, double or 64-bit integers");
    if constexpr (std::is_same_v<T, float>) return MPI_FLOAT;
    if constexpr (std::is_same_v<T, double>) return MPI_DOUBLE;
    return MPI_INT64_T;
  }

  void check(int code, const char* where) {
    if (code == MPI_SUCCESS) return;
    is_broken_ = true;
    std::array<char, MPI_MAX_ERROR_STRING> text{};
    int length = 0;
    MPI_Error_string(code, text.data(), &length);
    fail("mpi: rank ", rank_, " of ", size_, ", ", where, ": ",
         std::string(text.data(), static_cast<std::size_t>(length)));
  }

  /// Room for `count` numbers, the same memory each time.
  template <class T>
  T* staging(std::int64_t count) {
    const auto words = (static_cast<std::size_t>(count) * sizeof(T) + 7) / 8;
    if (staging_.size() < words) staging_.resize(words);
    return reinterpret_cast<T*>(staging_.data());
  }

  template <class T>
  void send(const T* from, std::int64_t count, int to) {
    if (count <= 0 || to == rank_) return;
    check(MPI_Isend(from, static_cast<int>(count), type_of<T>(), to, 0, ranks_, &add_request(to)),
          "MPI_Isend");
  }

  template <class T>
  void receive(T* to, std::int64_t count, int from) {
    if (count <= 0 || from == rank_) return;
    check(MPI_Irecv(to, static_cast<int>(count), type_of<T>(), from, 0, ranks_, &add_request(from)),
          "MPI_Irecv");
  }

  MPI_Request& add_request(int peer) {
    peers_.push_back(peer);
    return requests_.emplace_back(MPI_REQUEST_NULL);
  }

  /// The sum over ranks of this one's part of `count` numbers.
  template <class T>
  void sum_parts(const T* values, std::int64_t count, T* own, const char* where) {
    const part mine = part_of(count, rank_, size_);
    for (std::int64_t offset = 0; offset <= count / size_; offset += piece_size) {
      const auto length = [&](const part& p) {
        return std::clamp<std::int64_t>(p.size() - offset, 0, piece_size);
      };
      T* const received = staging<T>((size_ + 1) * piece_size);
      for (int other = 0; other < size_; ++other) {
        const part theirs = part_of(count, other, size_);
        receive(received + other * piece_size, length(mine), other);
        send(values + theirs.begin + offset, length(theirs), other);
      }
      wait(where);
      add_up(values + mine.begin + offset, received, own + offset, length(mine));
    }
  }

  /// Sums in the order of ranks; those of float in double, rounded once.
  template <class T>
  void add_up(const T* mine, const T* received, T* to, std::int64_t count) const {
    using wide = std::conditional_t<std::is_same_v<T, float>, double, T>;
    for (std::int64_t i = 0; i < count; ++i) {
      wide sum = 0;
      for (int other = 0; other < size_; ++other) {
        sum += static_cast<wide>(other == rank_ ? mine[i] : received[other * piece_size + i]);
      }
      to[i] = static_cast<T>(sum);
    }
  }

  /// Sends this rank's part of `values` to all others and fills in theirs.
  template <class T>
  void spread_parts(T* values, std::int64_t count, const char* where) {
    const part mine = part_of(count, rank_, size_);
    for (std::int64_t offset = 0; offset <= count / size_; offset += piece_size) {
      const auto length = [&](const part& p) {
        return std::clamp<std::int64_t>(p.size() - offset, 0, piece_size);
      };
      for (int other = 0; other < size_; ++other) {
        const part theirs = part_of(count, other, size_);
        receive(values + theirs.begin + offset, length(theirs), other);
        send(values + mine.begin + offset, length(mine), other);
      }
      wait(where);
    }
  }

  /// Until all that was begun is done. Looks often at first, then leaves the processor to others.
  void wait(const char* where) {
    require(!is_broken_, "mpi: an earlier call failed, and only abort() may follow");
    const auto start = clock::now();
    for (int is_done = 0;;) {
      check(MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &is_done,
                        MPI_STATUSES_IGNORE),
            where);
      if (is_done != 0) break;
      const std::chrono::duration<double> waited = clock::now() - start;
      pause(waited.count(), where);
    }
    requests_.clear();
    peers_.clear();
  }

  void pause(double seconds, const char* where) {
    if (seconds < 1e-3) return std::this_thread::yield();
    is_broken_ = true;  // where something throws
    if (options_.on_wait) options_.on_wait(seconds);
    if (options_.time_limit > 0 && seconds > options_.time_limit) {
      fail(where, ": rank ", rank_, " of ", size_, " has waited ", options_.time_limit,
           " seconds for ", missing());
    }
    is_broken_ = false;
    std::this_thread::sleep_for(std::chrono::microseconds(seconds < 0.1 ? 20 : 200));
  }

  mpi_options options_;
  MPI_Comm ranks_ = MPI_COMM_NULL;
  int rank_ = 0, size_ = 1;
  bool is_owner_ = false, is_broken_ = false;
  std::vector<std::uint64_t> staging_;
  std::vector<MPI_Request> requests_;
  std::vector<int> peers_;  // of each request
};

}  // namespace radlads::parallel

#endif
