// SPDX-License-Identifier: Apache-2.0
// Operations in bf16 that only tests and benchmarks instantiate, compiled for the oldest GPU
// supported: tensor-core kernels above all, whose instructions differ between GPUs.

#include "radlads/cuda.cuh"
#include "radlads/recurrence/gated_deltanet.hpp"
#include "radlads/recurrence/gla.hpp"
#include "radlads/recurrence/kda.hpp"
#include "radlads/recurrence/mamba2.hpp"
#include "radlads/recurrence/rwkv6.hpp"
#include "radlads/recurrence/rwkv7.hpp"

#include <cstdint>

namespace radlads::recurrence {
template <class Cell>
using forward_arguments = scan_forward_arguments<Cell, bf16, device_space>;
template <class Cell>
using backward_arguments = scan_backward_arguments<Cell, bf16, device_space>;
}  // namespace radlads::recurrence

namespace radlads::recurrence::chunkwise {
template void launch_chunkwise<64>(cuda_backend&, const forward_arguments<rwkv7>&,
                                   const varlen_documents&, std::int64_t);
template void launch_two_pass_chunkwise<64>(cuda_backend&, const forward_arguments<rwkv7>&);
template void launch_chunkwise_backward<64>(cuda_backend&, const backward_arguments<rwkv7>&,
                                            const varlen_documents&, std::int64_t);
template void launch_two_pass_chunkwise_backward<64>(cuda_backend&,
                                                     const backward_arguments<rwkv7>&);
template void launch_chunkwise<128>(cuda_backend&, const forward_arguments<rwkv7>&,
                                    const varlen_documents&, std::int64_t);
template void launch_two_pass_chunkwise<128>(cuda_backend&, const forward_arguments<rwkv7>&);
template void launch_chunkwise_backward<128>(cuda_backend&, const backward_arguments<rwkv7>&,
                                             const varlen_documents&, std::int64_t);
template void launch_two_pass_chunkwise_backward<128>(cuda_backend&,
                                                      const backward_arguments<rwkv7>&);
template void launch_chunkwise<64>(cuda_backend&, const forward_arguments<gla>&,
                                   const varlen_documents&, std::int64_t);
template void launch_two_pass_chunkwise<64>(cuda_backend&, const forward_arguments<gla>&);
template void launch_chunkwise_backward<64>(cuda_backend&, const backward_arguments<gla>&,
                                            const varlen_documents&, std::int64_t);
template void launch_two_pass_chunkwise_backward<64>(cuda_backend&, const backward_arguments<gla>&);
template void launch_chunkwise<64>(cuda_backend&, const forward_arguments<rwkv6>&,
                                   const varlen_documents&, std::int64_t);
template void launch_two_pass_chunkwise<64>(cuda_backend&, const forward_arguments<rwkv6>&);
template void launch_chunkwise_backward<64>(cuda_backend&, const backward_arguments<rwkv6>&,
                                            const varlen_documents&, std::int64_t);
template void launch_two_pass_chunkwise_backward<64>(cuda_backend&,
                                                     const backward_arguments<rwkv6>&);
template void launch_delta<128>(cuda_backend&, const delta_arguments&, const varlen_documents&,
                                std::int64_t);
template void launch_chunkwise<64>(cuda_backend&, const forward_arguments<kda>&,
                                   const varlen_documents&, std::int64_t);
template void launch_two_pass_chunkwise<64>(cuda_backend&, const forward_arguments<kda>&);
template void launch_chunkwise_backward<64>(cuda_backend&, const backward_arguments<kda>&,
                                            const varlen_documents&, std::int64_t);
template void launch_two_pass_chunkwise_backward<64>(cuda_backend&, const backward_arguments<kda>&);
}  // namespace radlads::recurrence::chunkwise

namespace radlads::cuda_detail {
template void matmul_on<bf16>(cuda_backend&, bool, bool, bool, view<const bf16, 2, device_space>,
                              view<const bf16, 2, device_space>, view<const bf16, 1, device_space>,
                              view<bf16, 2, device_space>);
template void adamw_on<bf16>(cuda_backend&, const optim::adamw_step<float>&,
                             view<bf16, 1, device_space>, view<const bf16, 1, device_space>,
                             view<float, 1, device_space>, view<float, 1, device_space>,
                             view<float, 1, device_space>);
}  // namespace radlads::cuda_detail
