// SPDX-License-Identifier: Apache-2.0
#include "radlads/recurrence/mamba2.hpp"
#include "recurrence/cuda/chunked_case.cuh"

namespace radlads::test::chunked_test {

using subjects_mamba2 =
    ::testing::Types<subject<recurrence::mamba2, recurrence::driver::chunked>,
                     subject<recurrence::mamba2, recurrence::driver::chunked_walk>>;
INSTANTIATE_TYPED_TEST_SUITE_P(mamba2, chunked, subjects_mamba2);

}  // namespace radlads::test::chunked_test
