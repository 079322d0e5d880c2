// SPDX-License-Identifier: Apache-2.0
// What launchers say in the environment, and what is refused of it.

#include "radlads/parallel/placement.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>

namespace radlads::test {
namespace placement_test {

using variables = std::map<std::string, std::string, std::less<>>;

parallel::placement read(const variables& set) {
  return parallel::read_placement([&](std::string_view name) -> const char* {
    const auto at = set.find(name);
    return at == set.end() ? nullptr : at->second.c_str();
  });
}

void expect(const variables& set, int rank, int size, int local, const std::string& source) {
  const parallel::placement p = read(set);
  EXPECT_EQ(p.rank, rank);
  EXPECT_EQ(p.size, size);
  EXPECT_EQ(p.local_rank, local);
  EXPECT_EQ(p.source, source);
}

const variables by_mpirun{{"OMPI_COMM_WORLD_RANK", "5"},
                          {"OMPI_COMM_WORLD_SIZE", "8"},
                          {"OMPI_COMM_WORLD_LOCAL_RANK", "1"}};
const variables by_torchrun{{"RANK", "5"}, {"WORLD_SIZE", "8"}, {"LOCAL_RANK", "1"}};
const variables by_srun{
    {"SLURM_PROCID", "2"}, {"SLURM_NTASKS", "3"}, {"SLURM_LOCALID", "2"}, {"SLURM_STEP_ID", "0"}};

variables joined(variables left, const variables& right) {
  left.insert(right.begin(), right.end());
  return left;
}
variables with(variables set, const std::string& name, const std::string& value) {
  set[name] = value;
  return set;
}
std::string refusal(const variables& set) {
  return error_of([&] { read(set); });
}

TEST(placement, is_one_of_one_where_nobody_says_anything) { expect({}, 0, 1, 0, ""); }

TEST(placement, is_what_the_launcher_says) {
  expect(by_mpirun, 5, 8, 1, "OMPI_COMM_WORLD_SIZE");
  expect(by_torchrun, 5, 8, 1, "WORLD_SIZE");
  expect(by_srun, 2, 3, 2, "SLURM_NTASKS");
  expect({{"RANK", "0"}, {"WORLD_SIZE", "1"}}, 0, 1, 0, "WORLD_SIZE");
}

TEST(placement, of_a_batch_script_is_not_a_rank) {
  variables script = by_srun;
  script.erase("SLURM_STEP_ID");
  expect(script, 0, 1, 0, "");
}

// Slurm's variables are then those of mpirun's own daemon, or of torchrun.
TEST(placement, of_a_launcher_under_slurm_is_the_launchers) {
  expect(joined(by_mpirun, by_srun), 5, 8, 1, "OMPI_COMM_WORLD_SIZE");
  expect(joined(by_torchrun, by_srun), 5, 8, 1, "WORLD_SIZE");
}

TEST(placement, refuses_launchers_that_contradict_each_other) {
  expect(joined(by_mpirun, by_torchrun), 5, 8, 1, "OMPI_COMM_WORLD_SIZE");
  EXPECT_EQ(refusal(joined(by_mpirun, with(by_torchrun, "RANK", "4"))),
            "the environment says rank 5 of 8 by OMPI_COMM_WORLD_SIZE and rank 4 of 8 by "
            "WORLD_SIZE; one of them must go");
  EXPECT_NE(refusal(joined(by_mpirun, with(by_torchrun, "WORLD_SIZE", "9"))), "");
}

TEST(placement, refuses_half_of_what_it_needs) {
  EXPECT_EQ(refusal({{"WORLD_SIZE", "8"}}),
            "the environment variable WORLD_SIZE is set and RANK is not; both say which of how "
            "many processes this is");
  EXPECT_EQ(refusal({{"OMPI_COMM_WORLD_RANK", "0"}}),
            "the environment variable OMPI_COMM_WORLD_RANK is set and OMPI_COMM_WORLD_SIZE is "
            "not; both say which of how many processes this is");
}

TEST(placement, refuses_what_is_no_number_of_a_rank) {
  EXPECT_EQ(refusal(with(by_torchrun, "RANK", "8")),
            "the environment variable RANK is \"8\", expected a whole number from 0 to 7");
  for (const char* value :
       {"", " 3", "3 ", "+3", "-1", "3x", "0x3", "1e1", "99999999999999999999"}) {
    EXPECT_EQ(refusal(with(by_torchrun, "RANK", value)),
              concatenate("the environment variable RANK is \"", value,
                          "\", expected a whole number from 0 to 7"));
    EXPECT_NE(refusal(with(by_mpirun, "OMPI_COMM_WORLD_LOCAL_RANK", value)), "") << value;
  }
  for (const char* value : {"0", "-8", "1048577", "eight"}) {
    EXPECT_EQ(refusal(with(by_srun, "SLURM_NTASKS", value)),
              concatenate("the environment variable SLURM_NTASKS is \"", value,
                          "\", expected a whole number from 1 to 1048576"));
  }
  const std::string text = refusal(with(by_torchrun, "RANK", std::string(100000, '7')));
  EXPECT_LT(text.size(), 200u);
}

std::string place(const variables& set) {
  return parallel::read_meeting_place(29510, [&](std::string_view name) -> const char* {
    const auto at = set.find(name);
    return at == set.end() ? nullptr : at->second.c_str();
  });
}

TEST(read_meeting_place, is_the_machine_of_rank_zero) {
  EXPECT_EQ(place({{"MASTER_ADDR", "node7.cluster"}}), "node7.cluster:29510");
  EXPECT_EQ(place({{"MASTER_ADDR", "10.0.0.7"}, {"MASTER_PORT", "29500"}}), "10.0.0.7:29510");
  EXPECT_EQ(place({{"MASTER_ADDR", "fe80::7"}}), "[fe80::7]:29510");
  EXPECT_EQ(place({{"MASTER_ADDR", "[fe80::7]"}}), "[fe80::7]:29510");
}

TEST(read_meeting_place, is_this_machine_where_it_is_the_only_one) {
  EXPECT_EQ(place({}), "127.0.0.1:29510");
  EXPECT_EQ(place({{"MASTER_ADDR", ""}}), "127.0.0.1:29510");
  EXPECT_EQ(place({{"SLURM_STEP_NUM_NODES", "1"}}), "127.0.0.1:29510");
  EXPECT_EQ(error_of([] {
              place({{"SLURM_STEP_NUM_NODES", "2"}});
            }),
            "the ranks are on several machines (SLURM_STEP_NUM_NODES is 2): the environment "
            "variable MASTER_ADDR must name that of rank 0");
}

TEST(placement, knows_what_mpirun_has_started) {
  EXPECT_TRUE(read(by_mpirun).is_of_mpi());
  EXPECT_TRUE(read(joined(by_mpirun, by_torchrun)).is_of_mpi());
  EXPECT_FALSE(read(by_torchrun).is_of_mpi());
  EXPECT_FALSE(read(by_srun).is_of_mpi());
}

}  // namespace placement_test
}  // namespace radlads::test
