// SPDX-License-Identifier: Apache-2.0
#pragma once
// Conversion of scalars on the CPU: one loop, which the compiler turns into lanes.

#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"

#include <cstdint>

namespace radlads::cpu_detail {

template <class From, class To>
void convert_on(cpu_backend& b, view<const From, 1> from, view<To, 1> to) {
  b.parallel_for(from.extent(0), 1 << 14, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t i = begin; i < end; ++i) {
      const auto exact = static_cast<accumulate_t<From>>(from.pointer[i]);
      to.pointer[i] = static_cast<To>(static_cast<accumulate_t<To>>(exact));
    }
  });
}

}  // namespace radlads::cpu_detail
