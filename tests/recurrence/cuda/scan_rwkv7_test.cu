// SPDX-License-Identifier: Apache-2.0
#include "radlads/recurrence/rwkv7.hpp"
#include "recurrence/cuda/scan_case.cuh"

namespace radlads::test {

using subjects_rwkv7 =
    ::testing::Types<subject<recurrence::rwkv7, float>, subject<recurrence::rwkv7, double>,
                     subject<recurrence::rwkv7, bf16>>;
INSTANTIATE_TYPED_TEST_SUITE_P(rwkv7, cuda_scan, subjects_rwkv7);

}  // namespace radlads::test
