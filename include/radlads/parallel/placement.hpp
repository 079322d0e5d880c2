// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which of how many processes this one is, as those that start programs say it in the environment:
//   mpirun (Open MPI)  OMPI_COMM_WORLD_RANK, OMPI_COMM_WORLD_SIZE, OMPI_COMM_WORLD_LOCAL_RANK
//   torchrun           RANK, WORLD_SIZE, LOCAL_RANK
//   srun               SLURM_PROCID, SLURM_NTASKS, SLURM_LOCALID
// Slurm's are looked at within a step alone (SLURM_STEP_ID) and where there are none of the others:
// in a batch script they are of the script, and under mpirun or torchrun they are of what started
// the ranks.

#include "radlads/core/error.hpp"

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace radlads::parallel {

/// A process among those that were started together.
struct placement {
  int rank = 0;
  int size = 1;
  int local_rank = 0;  ///< among those on its machine
  std::string source;  ///< the variable that says the size; empty when nothing does

  /// Whether Open MPI's launcher started it.
  bool is_of_mpi() const { return source.starts_with("OMPI_"); }
};

/// The port of rank 0's machine where ranks meet, unless they are told another. Launchers have
/// their own: torchrun 29500 and 29400.
inline constexpr std::int64_t usual_port = 29510;

namespace detail {

/// Far more ranks than anybody starts.
inline constexpr int most_ranks = 1 << 20;

/// The variables of one kind of launcher.
struct launcher_variables {
  const char* rank;
  const char* size;
  const char* local_rank;
};
inline constexpr launcher_variables open_mpi{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
                                             "OMPI_COMM_WORLD_LOCAL_RANK"};
inline constexpr launcher_variables torchrun{"RANK", "WORLD_SIZE", "LOCAL_RANK"};
inline constexpr launcher_variables slurm{"SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"};

/// A whole number from `least` to `most`; throws naming the variable.
inline int read_rank_number(const char* name, std::string_view text, int least, int most) {
  int value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = code == std::errc() && end == text.data() + text.size();
  require(is_number && value >= least && value <= most, "the environment variable ", name, " is \"",
          text.substr(0, 40), "\", expected a whole number from ", least, " to ", most);
  return value;
}

/// What one launcher says, if it says anything. Rank and size come together.
template <class Environment>
std::optional<placement> read_launcher(const launcher_variables& names,
                                       const Environment& environment) {
  const char* const rank = environment(names.rank);
  const char* const size = environment(names.size);
  if (rank == nullptr && size == nullptr) return std::nullopt;
  require(rank != nullptr && size != nullptr, "the environment variable ",
          rank == nullptr ? names.size : names.rank, " is set and ",
          rank == nullptr ? names.rank : names.size,
          " is not; both say which of how many processes this is");
  placement p;
  p.source = names.size;
  p.size = read_rank_number(names.size, size, 1, most_ranks);
  p.rank = read_rank_number(names.rank, rank, 0, p.size - 1);
  const char* const local = environment(names.local_rank);
  p.local_rank = local == nullptr ? 0 : read_rank_number(names.local_rank, local, 0, p.size - 1);
  return p;
}

}  // namespace detail

/// Where this process stands; a process that nobody started with others is rank 0 of 1.
/// environment(name) is a variable's value or null. Throws on values that are none, and where two
/// launchers say different things.
template <class Environment>
placement read_placement(const Environment& environment) {
  const auto mpi = detail::read_launcher(detail::open_mpi, environment);
  const auto torch = detail::read_launcher(detail::torchrun, environment);
  if (mpi && torch) {
    require(mpi->rank == torch->rank && mpi->size == torch->size, "the environment says rank ",
            mpi->rank, " of ", mpi->size, " by ", mpi->source, " and rank ", torch->rank, " of ",
            torch->size, " by ", torch->source, "; one of them must go");
  }
  if (mpi) return *mpi;
  if (torch) return *torch;
  if (environment("SLURM_STEP_ID") == nullptr) return {};
  return detail::read_launcher(detail::slurm, environment).value_or(placement{});
}

/// "host:port" where ranks meet that no MPI has brought together: MASTER_ADDR, which is rank 0's
/// machine, or this one. Throws where they are on several machines and nothing says which is rank
/// 0's.
template <class Environment>
std::string read_meeting_place(std::int64_t port, const Environment& environment) {
  const char* const address = environment("MASTER_ADDR");
  if (address == nullptr || *address == '\0') {
    const char* const machines = environment("SLURM_STEP_NUM_NODES");
    require(machines == nullptr || std::string_view(machines) == "1",
            "the ranks are on several machines (SLURM_STEP_NUM_NODES is ",
            machines == nullptr ? "" : machines,
            "): the environment variable MASTER_ADDR must name that of rank 0");
    return concatenate("127.0.0.1:", port);
  }
  // An address of IPv6 has colons of its own.
  const bool is_bare_ipv6 =
      std::string_view(address).find(':') != std::string_view::npos && *address != '[';
  return is_bare_ipv6 ? concatenate("[", address, "]:", port) : concatenate(address, ":", port);
}

/// The same of the process's own environment.
inline placement read_placement() {
  return read_placement([](const char* name) -> const char* { return std::getenv(name); });
}
inline std::string read_meeting_place(std::int64_t port) {
  return read_meeting_place(port,
                            [](const char* name) -> const char* { return std::getenv(name); });
}

}  // namespace radlads::parallel
