// SPDX-License-Identifier: Apache-2.0
// A recurrence without its scalar.
// expect: scan_forward needs the scalar after the cell

#include "radlads/gla.hpp"

using tensor = radlads::tensor<float, 4, radlads::cpu_backend>;

void call(radlads::cpu_backend& cpu, tensor& q, tensor& y) {
  using namespace radlads::recurrence;
#if defined(RADLADS_MISTAKE)
  scan_forward<gla>(cpu, {q, q, q}, q, y, {}, {}, {});
#else
  scan_forward<gla, float>(cpu, {q, q, q}, q, y, {}, {}, {});
#endif
}
