// SPDX-License-Identifier: Apache-2.0
// Every public header of radlads::core in one source, without nlohmann/json.

#include <radlads/distill.hpp>
#include <radlads/dry_run.hpp>
#include <radlads/gated_deltanet.hpp>
#include <radlads/generate.hpp>
#include <radlads/gla.hpp>
#include <radlads/kda.hpp>
#include <radlads/mamba2.hpp>
#include <radlads/model.hpp>
#include <radlads/optim.hpp>
#include <radlads/rad_rwkv6.hpp>
#include <radlads/rad_rwkv7.hpp>
#include <radlads/rwkv6.hpp>
#include <radlads/rwkv7.hpp>
#include <radlads/softmax_attention.hpp>
#include <radlads/transfer.hpp>
#include <radlads/version.hpp>

#if defined(INCLUDE_NLOHMANN_JSON_HPP_) || defined(NLOHMANN_JSON_VERSION_MAJOR)
#error "a header of radlads::core includes nlohmann/json"
#endif

int main() {
  radlads::cpu_backend cpu;
  const radlads::shape<4> sizes{1, 3, 1, 4};  // (B, T, H, K)
  radlads::tensor<float, 4, radlads::cpu_backend> q(cpu, sizes), y(cpu, sizes);
  radlads::set_zero<float, 4>(cpu, q);
  radlads::recurrence::scan_forward<radlads::recurrence::gla, float>(cpu, {q, q, q}, q, y, {}, {},
                                                                     {});
  return y.data()[0] == 0 ? 0 : 1;
}
