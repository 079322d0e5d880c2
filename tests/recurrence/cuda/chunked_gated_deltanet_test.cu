// SPDX-License-Identifier: Apache-2.0
#include "radlads/recurrence/gated_deltanet.hpp"
#include "recurrence/cuda/chunked_case.cuh"

namespace radlads::test::chunked_test {

using subjects_gated_deltanet =
    ::testing::Types<subject<recurrence::gated_deltanet, recurrence::driver::chunked>,
                     subject<recurrence::gated_deltanet, recurrence::driver::chunked_walk>>;
INSTANTIATE_TYPED_TEST_SUITE_P(gated_deltanet, chunked, subjects_gated_deltanet);

}  // namespace radlads::test::chunked_test
