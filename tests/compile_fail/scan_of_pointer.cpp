// SPDX-License-Identifier: Apache-2.0
// A recurrence on raw pointers.
// expect: a pointer becomes one by radlads::view<float, 4>

#include "radlads/gla.hpp"

void call(radlads::cpu_backend& cpu, const float* x, float* y) {
  using namespace radlads::recurrence;
  const radlads::shape<4> sizes{1, 128, 8, 64};
  const radlads::view<const float, 4> in(x, sizes);
#if defined(RADLADS_MISTAKE)
  scan_forward<gla, float>(cpu, {in, in, in}, in, y, {}, {}, {});
#else
  scan_forward<gla, float>(cpu, {in, in, in}, in, radlads::view<float, 4>(y, sizes), {}, {}, {});
#endif
}
