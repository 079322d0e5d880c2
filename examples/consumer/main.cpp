// SPDX-License-Identifier: Apache-2.0
// The least program that uses the library from outside; README.md shows it.

#include <radlads/rwkv7.hpp>

#include <algorithm>

int main() {
  radlads::cpu_backend cpu;
  const radlads::shape<4> sizes{1, 128, 8, 64};  // (B, T, H, K)
  radlads::tensor<float, 4, radlads::cpu_backend> r(cpu, sizes), log_w(cpu, sizes), k(cpu, sizes),
      a(cpu, sizes), b(cpu, sizes), v(cpu, sizes), y(cpu, sizes);
  for (auto* each : {&r, &k, &a, &b, &v}) radlads::set_zero<float, 4>(cpu, *each);
  std::fill_n(log_w.data(), log_w.size(), -0.1f);
  k.data()[0] = v.data()[0] = r.data()[0] = 1;
  radlads::recurrence::scan_forward<radlads::recurrence::rwkv7, float>(
      cpu, {r, log_w, k, a, b}, v, y, {}, {}, {});
  return y.data()[0] == 1 ? 0 : 1;
}
