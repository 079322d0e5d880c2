// SPDX-License-Identifier: Apache-2.0
#include "radlads/recurrence/kda.hpp"
#include "recurrence/cuda/chunkwise_case.cuh"

namespace radlads::test::chunkwise_test {

using subjects_kda =
    ::testing::Types<subject<recurrence::kda, recurrence::algorithm::chunkwise>,
                     subject<recurrence::kda, recurrence::algorithm::two_pass_chunkwise>>;
INSTANTIATE_TYPED_TEST_SUITE_P(kda, chunkwise, subjects_kda);

}  // namespace radlads::test::chunkwise_test
