// SPDX-License-Identifier: Apache-2.0
// Two indices into a view of three axes.
// expect: one index for each axis

#include "radlads/core/view.hpp"

float read(radlads::view<const float, 3> x);
float read(radlads::view<const float, 3> x) {
#if defined(RADLADS_MISTAKE)
  return x(0, 0);
#else
  return x(0, 0, 0);
#endif
}
