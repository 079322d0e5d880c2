// SPDX-License-Identifier: Apache-2.0
#include "radlads/wkv/rwkv6.hpp"
#include "wkv/cuda/chunked_case.cuh"

namespace radlads::test::chunked_test {

using subjects_rwkv6 = ::testing::Types<subject<wkv::rwkv6, wkv::driver::chunked>,
                                        subject<wkv::rwkv6, wkv::driver::chunked_walk>>;
INSTANTIATE_TYPED_TEST_SUITE_P(rwkv6, chunked, subjects_rwkv6);

}  // namespace radlads::test::chunked_test
