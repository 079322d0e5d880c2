// SPDX-License-Identifier: Apache-2.0
#include "radlads/wkv/mamba2.hpp"
#include "wkv/cuda/chunked_case.cuh"

namespace radlads::test::chunked_test {

using subjects_mamba2 = ::testing::Types<subject<wkv::mamba2, wkv::driver::chunked>,
                                         subject<wkv::mamba2, wkv::driver::chunked_walk>>;
INSTANTIATE_TYPED_TEST_SUITE_P(mamba2, chunked, subjects_mamba2);

}  // namespace radlads::test::chunked_test
