// SPDX-License-Identifier: Apache-2.0
#include "radlads/recurrence/gla.hpp"
#include "recurrence/cuda/chunked_case.cuh"

namespace radlads::test::chunked_test {

using subjects_gla = ::testing::Types<subject<recurrence::gla, recurrence::driver::chunked>,
                                      subject<recurrence::gla, recurrence::driver::chunked_walk>>;
INSTANTIATE_TYPED_TEST_SUITE_P(gla, chunked, subjects_gla);

}  // namespace radlads::test::chunked_test
