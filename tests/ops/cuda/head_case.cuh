// SPDX-License-Identifier: Apache-2.0
#pragma once
// What tests of the losses behind a head share: targets, and token numbers back from the GPU.

#include "radlads/core/host_copy.hpp"
#include "support/cuda_case.cuh"

#include <cstdint>
#include <vector>

namespace radlads::test {

template <class T>
class cuda_head_case : public cuda_case<T> {
 protected:
  /// Targets, the fourth not scored.
  auto targets(std::int64_t count, std::int64_t vocabulary) {
    std::vector<std::int32_t> values;
    for (std::int64_t n = 0; n < count; ++n) {
      values.push_back(n == 3 ? -1 : static_cast<std::int32_t>((n * 7 + 1) % vocabulary));
    }
    return this->of_ids(values);
  }
  auto indices(const tensor<std::int32_t, 1, cuda_backend>& from) {
    return to_host(this->cuda(), from);
  }
};

}  // namespace radlads::test
