// SPDX-License-Identifier: Apache-2.0
// A matrix of Eigen among the inputs of a recurrence.
// expect: the inputs of a recurrence are tensors and views

#include "radlads/gla.hpp"

#include <Eigen/Core>

void call(radlads::cpu_backend& cpu, Eigen::Matrix<float, 64, 128>& q, radlads::view<float, 4> y) {
  using namespace radlads::recurrence;
#if defined(RADLADS_MISTAKE)
  scan_forward<gla, float>(cpu, {q, q, q}, y, y, {}, {}, {});
#else
  const radlads::view<float, 4> in(q.data(), {1, 128, 1, 64});
  scan_forward<gla, float>(cpu, {in, in, in}, in, y, {}, {}, {});
#endif
}
