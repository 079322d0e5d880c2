// SPDX-License-Identifier: Apache-2.0
// A rank on its own; without MPI parallel/mpi.hpp would have no communicator.

#include <cstdint>
#include <radlads/core/cpu/backend.hpp>
#include <radlads/parallel/mpi.hpp>

int main() {
  radlads::cpu_backend b;
  radlads::parallel::mpi ranks;
  std::int64_t number = ranks.rank() + 1;
  ranks.all_reduce(b, radlads::view<std::int64_t, 1>(&number, {1}));
  return ranks.size() == 1 && number == 1 ? 0 : 1;
}
