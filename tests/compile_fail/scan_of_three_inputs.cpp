// SPDX-License-Identifier: Apache-2.0
// A recurrence of five inputs that is given three.
// expect: a recurrence needs each input of its cell

#include "radlads/rwkv7.hpp"

using tensor = radlads::tensor<float, 4, radlads::cpu_backend>;

void call(radlads::cpu_backend& cpu, tensor& r, tensor& w, tensor& k, tensor& a, tensor& b,
          tensor& v, tensor& y) {
  using namespace radlads::recurrence;
#if defined(RADLADS_MISTAKE)
  scan_forward<rwkv7, float>(cpu, {r, w, k}, v, y, {}, {}, {});
#else
  scan_forward<rwkv7, float>(cpu, {r, w, k, a, b}, v, y, {}, {}, {});
#endif
}
