// SPDX-License-Identifier: Apache-2.0
#include "radlads/wkv/kda.hpp"
#include "wkv/cuda/chunked_case.cuh"

namespace radlads::test::chunked_test {

using subjects_kda = ::testing::Types<subject<wkv::kda, wkv::driver::chunked>,
                                      subject<wkv::kda, wkv::driver::chunked_walk>>;
INSTANTIATE_TYPED_TEST_SUITE_P(kda, chunked, subjects_kda);

}  // namespace radlads::test::chunked_test
