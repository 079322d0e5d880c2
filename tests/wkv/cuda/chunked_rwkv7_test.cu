// SPDX-License-Identifier: Apache-2.0
#include "radlads/wkv/rwkv7.hpp"
#include "wkv/cuda/chunked_case.cuh"

namespace radlads::test::chunked_test {

using subjects_rwkv7 = ::testing::Types<subject<wkv::rwkv7, wkv::driver::chunked>,
                                        subject<wkv::rwkv7, wkv::driver::chunked_walk>>;
INSTANTIATE_TYPED_TEST_SUITE_P(rwkv7, chunked, subjects_rwkv7);

}  // namespace radlads::test::chunked_test
