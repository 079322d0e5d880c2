// SPDX-License-Identifier: Apache-2.0
#include "radlads/recurrence/rwkv6.hpp"
#include "recurrence/cuda/chunkwise_case.cuh"

namespace radlads::test::chunkwise_test {

using subjects_rwkv6 =
    ::testing::Types<subject<recurrence::rwkv6, recurrence::algorithm::chunkwise>,
                     subject<recurrence::rwkv6, recurrence::algorithm::two_pass_chunkwise>>;
INSTANTIATE_TYPED_TEST_SUITE_P(rwkv6, chunkwise, subjects_rwkv6);

}  // namespace radlads::test::chunkwise_test
