// SPDX-License-Identifier: Apache-2.0
#include "radlads/recurrence/gla.hpp"
#include "recurrence/cuda/scan_case.cuh"

namespace radlads::test {

using subjects_gla =
    ::testing::Types<subject<recurrence::gla, float>, subject<recurrence::gla, double>,
                     subject<recurrence::gla, bf16>>;
INSTANTIATE_TYPED_TEST_SUITE_P(gla, cuda_scan, subjects_gla);

}  // namespace radlads::test
