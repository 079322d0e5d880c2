// SPDX-License-Identifier: Apache-2.0
#include "radlads/wkv/gla.hpp"
#include "wkv/cuda/scan_case.cuh"

namespace radlads::test {

using subjects_gla =
    ::testing::Types<subject<wkv::gla, float>, subject<wkv::gla, double>, subject<wkv::gla, bf16>>;
INSTANTIATE_TYPED_TEST_SUITE_P(gla, cuda_scan, subjects_gla);

}  // namespace radlads::test
