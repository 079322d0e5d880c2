// SPDX-License-Identifier: Apache-2.0
#include "radlads/recurrence/kda.hpp"
#include "recurrence/cuda/scan_case.cuh"

namespace radlads::test {

// A bf16 case computes in float.
using subjects_kda = ::testing::Types<subject<recurrence::kda, bf16>>;
INSTANTIATE_TYPED_TEST_SUITE_P(kda, cuda_scan, subjects_kda);

}  // namespace radlads::test
