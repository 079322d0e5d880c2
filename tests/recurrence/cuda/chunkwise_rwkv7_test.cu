// SPDX-License-Identifier: Apache-2.0
#include "radlads/recurrence/rwkv7.hpp"
#include "recurrence/cuda/chunkwise_case.cuh"

namespace radlads::test::chunkwise_test {

using subjects_rwkv7 =
    ::testing::Types<subject<recurrence::rwkv7, recurrence::algorithm::chunkwise>,
                     subject<recurrence::rwkv7, recurrence::algorithm::two_pass_chunkwise>>;
INSTANTIATE_TYPED_TEST_SUITE_P(rwkv7, chunkwise, subjects_rwkv7);

}  // namespace radlads::test::chunkwise_test
