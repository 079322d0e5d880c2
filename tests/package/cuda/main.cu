// SPDX-License-Identifier: Apache-2.0
// The program of examples/consumer on a GPU: one include, one call. Without a GPU the only
// thing that can be shown is the sentence that says so.

#include <cstdio>
#include <radlads/rwkv7.hpp>
#include <vector>

int main() {
  int count = 0;
  const bool has_gpu = cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
  try {
    radlads::cuda_backend cuda;
    const radlads::shape<4> sizes{1, 128, 8, 64};  // (B, T, H, K)
    radlads::tensor<float, 4, radlads::cuda_backend> r(cuda, sizes), log_w(cuda, sizes),
        k(cuda, sizes), a(cuda, sizes), b(cuda, sizes), v(cuda, sizes), y(cuda, sizes);
    for (auto* each : {&r, &log_w, &k, &a, &b, &v}) radlads::set_zero<float, 4>(cuda, *each);
    const float one = 1;
    for (auto* each : {&r, &k, &v}) cuda.copy(each->data(), &one, sizeof(one));
    radlads::recurrence::scan_forward<radlads::recurrence::rwkv7, float>(cuda, {r, log_w, k, a, b},
                                                                         v, y, {}, {}, {});
    float found = 0;
    cuda.copy(&found, y.data(), sizeof(found));
    cuda.synchronize();
    return found == 1 ? 0 : 1;
  } catch (const radlads::error& problem) {
    std::printf("%s\n", problem.what());
    return has_gpu ? 1 : 0;
  }
}
