// SPDX-License-Identifier: Apache-2.0
#pragma once
// AdamW for parameters of a storage type on a backend that only counts.

#include "radlads/core/plan/backend.hpp"

namespace radlads {

template <class T, class... Arguments>
void adamw_on(plan_backend&, const Arguments&...) {}

}  // namespace radlads
