// SPDX-License-Identifier: Apache-2.0
// Writing through a view that only permits reading.
// expect: read-only|not assignable|const-qualified

#include "radlads/core/view.hpp"

void clear(radlads::view<const float, 1> read, radlads::view<float, 1> written);
void clear(radlads::view<const float, 1> read, radlads::view<float, 1> written) {
#if defined(RADLADS_MISTAKE)
  read(0) = 0;
#else
  written(0) = read(0);
#endif
}
