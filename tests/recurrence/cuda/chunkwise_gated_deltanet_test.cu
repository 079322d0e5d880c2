// SPDX-License-Identifier: Apache-2.0
#include "radlads/recurrence/gated_deltanet.hpp"
#include "recurrence/cuda/chunkwise_case.cuh"

namespace radlads::test::chunkwise_test {

using subjects_gated_deltanet = ::testing::Types<
    subject<recurrence::gated_deltanet, recurrence::algorithm::chunkwise>,
    subject<recurrence::gated_deltanet, recurrence::algorithm::two_pass_chunkwise>>;
INSTANTIATE_TYPED_TEST_SUITE_P(gated_deltanet, chunkwise, subjects_gated_deltanet);

}  // namespace radlads::test::chunkwise_test
