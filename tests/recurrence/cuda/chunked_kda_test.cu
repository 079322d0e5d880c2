// SPDX-License-Identifier: Apache-2.0
#include "radlads/recurrence/kda.hpp"
#include "recurrence/cuda/chunked_case.cuh"

namespace radlads::test::chunked_test {

using subjects_kda = ::testing::Types<subject<recurrence::kda, recurrence::driver::chunked>,
                                      subject<recurrence::kda, recurrence::driver::chunked_walk>>;
INSTANTIATE_TYPED_TEST_SUITE_P(kda, chunked, subjects_kda);

}  // namespace radlads::test::chunked_test
