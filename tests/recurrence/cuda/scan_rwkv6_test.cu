// SPDX-License-Identifier: Apache-2.0
#include "radlads/recurrence/rwkv6.hpp"
#include "recurrence/cuda/scan_case.cuh"

namespace radlads::test {

// A bf16 case computes in float.
using subjects_rwkv6 =
    ::testing::Types<subject<recurrence::rwkv6, double>, subject<recurrence::rwkv6, bf16>>;
INSTANTIATE_TYPED_TEST_SUITE_P(rwkv6, cuda_scan, subjects_rwkv6);

}  // namespace radlads::test
