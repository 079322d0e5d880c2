// SPDX-License-Identifier: Apache-2.0
#pragma once
// AdamW for parameters of a storage type on a backend that only counts.

#include "radlads/core/dry_run/backend.hpp"

namespace radlads::dry_run_detail {

template <class T, class... Arguments>
void adamw_on(dry_run_backend&, const Arguments&...) {}

}  // namespace radlads::dry_run_detail
