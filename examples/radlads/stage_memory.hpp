// SPDX-License-Identifier: Apache-2.0
#pragma once
// The model that memory is counted with: the same for both devices, and long to compile.

#include "mixers.hpp"
#include "radlads/convert/memory.hpp"

#include <cstdint>
#include <string>

namespace radlads::program {

using dry_model = model_of<float, dry_run_backend>;

}  // namespace radlads::program

namespace radlads::convert {
extern template stage_memory count_stage<program::dry_model, float>(const std::string&,
                                                                    const stage_settings&,
                                                                    const stage_models&,
                                                                    std::int64_t,
                                                                    distill::trainable);
extern template stage_memory count_stage<program::dry_model, bf16>(const std::string&,
                                                                   const stage_settings&,
                                                                   const stage_models&,
                                                                   std::int64_t,
                                                                   distill::trainable);
extern template std::int64_t parameters_of<program::dry_model>(const models::config&);
}  // namespace radlads::convert
