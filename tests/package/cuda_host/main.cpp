// SPDX-License-Identifier: Apache-2.0
// A recurrence on a GPU, called from a source that g++ compiles: forward, backward, one step.
// Without a GPU the only thing that can be shown is the sentence that says so.

#include <array>
#include <cstdio>
#include <radlads/gated_deltanet.hpp>

using cell = radlads::recurrence::gated_deltanet;
using radlads::cuda_backend;

namespace {

float first_of(cuda_backend& cuda, const radlads::tensor<float, 4, cuda_backend>& from) {
  float found = 0;
  cuda.copy(&found, from.data(), sizeof(found));
  cuda.synchronize();
  return found;
}

/// A key of length one holds the value 3 after the first token: y = 3, dv = 1, and one step reads
/// it again.
bool runs_on(cuda_backend& cuda) {
  const radlads::shape<4> sizes{1, 1, 1, 64}, numbers{1, 1, 1, 1};
  radlads::tensor<float, 4, cuda_backend> r(cuda, sizes), k(cuda, sizes), g(cuda, numbers),
      beta(cuda, numbers), v(cuda, sizes), y(cuda, sizes), dv(cuda, sizes), dr(cuda, sizes),
      dk(cuda, sizes), dg(cuda, numbers), dbeta(cuda, numbers),
      checkpoints(cuda, radlads::recurrence::checkpoint_shape(1, 1, 1, 64, 64)),
      state(cuda, radlads::recurrence::state_shape(1, 1, 64, 64));
  for (auto* each : {&r, &k, &g, &beta, &v, &state}) radlads::set_zero<float, 4>(cuda, *each);
  const float one = 1, three = 3;
  for (auto* each : {&r, &k, &beta}) cuda.copy(each->data(), &one, sizeof(one));
  cuda.copy(v.data(), &three, sizeof(three));
  radlads::recurrence::scan_forward<cell, float>(cuda, {r, k, g, beta}, v, y, {}, {}, checkpoints);
  radlads::recurrence::scan_backward<cell, float>(cuda, {r, k, g, beta}, v, checkpoints, r, {},
                                                  {dr, dk, dg, dbeta}, dv, {});
  const bool is_right = first_of(cuda, y) == 3 && first_of(cuda, dv) == 1;
  radlads::recurrence::scan_step<cell, float>(cuda, {r, k, g, beta}, v, y, state);
  return is_right && first_of(cuda, y) == 3;
}

}  // namespace

int main() {
  int count = 0;
  const bool has_gpu = cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
  try {
    cuda_backend cuda;
    return runs_on(cuda) ? 0 : 1;
  } catch (const radlads::error& problem) {
    std::printf("%s\n", problem.what());
    return has_gpu ? 1 : 0;
  }
}
