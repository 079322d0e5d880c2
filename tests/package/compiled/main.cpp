// SPDX-License-Identifier: Apache-2.0
// A layer of RWKV-7's recurrence and a product, from radlads::compiled.

#include <radlads/cpu.hpp>
#include <radlads/rwkv7.hpp>
#include <radlads/ops/matmul.hpp>

#include <algorithm>

int main() {
  radlads::cpu_backend cpu;
  const radlads::shape<4> sizes{1, 4, 2, 16};  // (B, T, H, K)
  radlads::tensor<float, 4, radlads::cpu_backend> r(cpu, sizes), log_w(cpu, sizes), k(cpu, sizes),
      a(cpu, sizes), b(cpu, sizes), v(cpu, sizes), y(cpu, sizes);
  for (auto* each : {&r, &k, &a, &b, &v}) radlads::set_zero<float, 4>(cpu, *each);
  std::fill_n(log_w.data(), log_w.size(), -0.1f);
  k.data()[0] = v.data()[0] = r.data()[0] = 1;
  radlads::recurrence::scan_forward<radlads::recurrence::rwkv7, float>(
      cpu, {r, log_w, k, a, b}, v, y, {}, {}, {});
  radlads::tensor<float, 2, radlads::cpu_backend> left(cpu, {2, 3}), right(cpu, {3, 2}),
      product(cpu, {2, 2});
  std::fill_n(left.data(), 6, 2.0f);
  std::fill_n(right.data(), 6, 0.5f);
  radlads::ops::matmul<float, radlads::cpu_backend>(cpu, {}, left, right, product);
  return y.data()[0] == 1 && product.data()[3] == 3 ? 0 : 1;
}
