// SPDX-License-Identifier: Apache-2.0
#include "stage_memory.hpp"

#include <cstdint>
#include <string>

namespace radlads::convert {
template stage_memory count_stage<program::dry_model, float>(const std::string&,
                                                             const stage_settings&,
                                                             const stage_models&, std::int64_t,
                                                             distill::trainable);
template stage_memory count_stage<program::dry_model, bf16>(const std::string&,
                                                            const stage_settings&,
                                                            const stage_models&, std::int64_t,
                                                            distill::trainable);
template std::int64_t parameters_of<program::dry_model>(const models::config&);
}  // namespace radlads::convert
