// SPDX-License-Identifier: Apache-2.0
#include "radlads/wkv/gla.hpp"
#include "wkv/cuda/chunked_case.cuh"

namespace radlads::test::chunked_test {

using subjects_gla = ::testing::Types<subject<wkv::gla, wkv::driver::chunked>,
                                      subject<wkv::gla, wkv::driver::chunked_walk>>;
INSTANTIATE_TYPED_TEST_SUITE_P(gla, chunked, subjects_gla);

}  // namespace radlads::test::chunked_test
