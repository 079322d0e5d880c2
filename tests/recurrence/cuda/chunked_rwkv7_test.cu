// SPDX-License-Identifier: Apache-2.0
#include "radlads/recurrence/rwkv7.hpp"
#include "recurrence/cuda/chunked_case.cuh"

namespace radlads::test::chunked_test {

using subjects_rwkv7 =
    ::testing::Types<subject<recurrence::rwkv7, recurrence::driver::chunked>,
                     subject<recurrence::rwkv7, recurrence::driver::chunked_walk>>;
INSTANTIATE_TYPED_TEST_SUITE_P(rwkv7, chunked, subjects_rwkv7);

}  // namespace radlads::test::chunked_test
