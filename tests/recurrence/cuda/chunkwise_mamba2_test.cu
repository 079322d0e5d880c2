// SPDX-License-Identifier: Apache-2.0
#include "radlads/recurrence/mamba2.hpp"
#include "recurrence/cuda/chunkwise_case.cuh"

namespace radlads::test::chunkwise_test {

using subjects_mamba2 =
    ::testing::Types<subject<recurrence::mamba2, recurrence::algorithm::chunkwise>,
                     subject<recurrence::mamba2, recurrence::algorithm::two_pass_chunkwise>>;
INSTANTIATE_TYPED_TEST_SUITE_P(mamba2, chunkwise, subjects_mamba2);

}  // namespace radlads::test::chunkwise_test
