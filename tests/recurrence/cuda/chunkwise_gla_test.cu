// SPDX-License-Identifier: Apache-2.0
#include "radlads/recurrence/gla.hpp"
#include "recurrence/cuda/chunkwise_case.cuh"

namespace radlads::test::chunkwise_test {

using subjects_gla =
    ::testing::Types<subject<recurrence::gla, recurrence::algorithm::chunkwise>,
                     subject<recurrence::gla, recurrence::algorithm::two_pass_chunkwise>>;
INSTANTIATE_TYPED_TEST_SUITE_P(gla, chunkwise, subjects_gla);

}  // namespace radlads::test::chunkwise_test
