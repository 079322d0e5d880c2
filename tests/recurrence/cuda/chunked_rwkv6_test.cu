// SPDX-License-Identifier: Apache-2.0
#include "radlads/recurrence/rwkv6.hpp"
#include "recurrence/cuda/chunked_case.cuh"

namespace radlads::test::chunked_test {

using subjects_rwkv6 =
    ::testing::Types<subject<recurrence::rwkv6, recurrence::driver::chunked>,
                     subject<recurrence::rwkv6, recurrence::driver::chunked_walk>>;
INSTANTIATE_TYPED_TEST_SUITE_P(rwkv6, chunked, subjects_rwkv6);

}  // namespace radlads::test::chunked_test
