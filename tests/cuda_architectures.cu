// SPDX-License-Identifier: Apache-2.0
// Operations in bf16 that only tests and benchmarks instantiate, compiled for the oldest card supported:
// tensor-core kernels above all, whose instructions differ between cards.

#include "radlads/cuda.cuh"
#include "radlads/wkv/rwkv7.hpp"

namespace radlads::wkv {
template void launch_chunked_dplr<64>(cuda_backend&, const scan_forward_arguments<rwkv7, bf16, device_space>&);
template void launch_chunked_dplr<128>(cuda_backend&, const scan_forward_arguments<rwkv7, bf16, device_space>&);
template void launch_chunked_dplr_backward<64>(cuda_backend&,
                                               const scan_backward_arguments<rwkv7, bf16, device_space>&);
template void launch_chunked_dplr_backward<128>(cuda_backend&,
                                                const scan_backward_arguments<rwkv7, bf16, device_space>&);
}  // namespace radlads::wkv

namespace radlads {
template void matmul_on<bf16>(cuda_backend&, bool, bool, bool, view<const bf16, 2, device_space>,
                              view<const bf16, 2, device_space>, view<const bf16, 1, device_space>,
                              view<bf16, 2, device_space>);
template void adamw_on<bf16>(cuda_backend&, const optim::adamw_step<float>&, view<bf16, 1, device_space>,
                             view<const bf16, 1, device_space>, view<float, 1, device_space>,
                             view<float, 1, device_space>, view<float, 1, device_space>);
}  // namespace radlads
