// SPDX-License-Identifier: Apache-2.0
#include "radlads/recurrence/gated_deltanet.hpp"
#include "recurrence/cuda/scan_case.cuh"

namespace radlads::test {

// A bf16 case computes in float.
using subjects_gated_deltanet = ::testing::Types<subject<recurrence::gated_deltanet, double>,
                                                 subject<recurrence::gated_deltanet, bf16>>;
INSTANTIATE_TYPED_TEST_SUITE_P(gated_deltanet, cuda_scan, subjects_gated_deltanet);

}  // namespace radlads::test
