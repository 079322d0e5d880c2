// SPDX-License-Identifier: Apache-2.0
#include "radlads/wkv/gated_deltanet.hpp"
#include "wkv/cuda/chunked_case.cuh"

namespace radlads::test::chunked_test {

using subjects_gated_deltanet =
    ::testing::Types<subject<wkv::gated_deltanet, wkv::driver::chunked>,
                     subject<wkv::gated_deltanet, wkv::driver::chunked_walk>>;
INSTANTIATE_TYPED_TEST_SUITE_P(gated_deltanet, chunked, subjects_gated_deltanet);

}  // namespace radlads::test::chunked_test
