// SPDX-License-Identifier: Apache-2.0
// Memory of an accelerator handed to a function of the host.
// expect: device_space.*host_space

#include "radlads/core/view.hpp"

void runs_on_host(radlads::view<const float, 2> x);

void call(radlads::view<float, 2, radlads::host_space> near,
          radlads::view<float, 2, radlads::device_space> far) {
#if defined(RADLADS_MISTAKE)
  runs_on_host(far);
#else
  runs_on_host(near);
  far = {};
#endif
}
