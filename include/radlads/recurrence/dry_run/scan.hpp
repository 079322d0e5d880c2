// SPDX-License-Identifier: Apache-2.0
#pragma once
// Recurrences on a backend that only counts: their checkpoints are the caller's, and scratch of
// their kernels is small.

#include "radlads/core/dry_run/backend.hpp"
#include "radlads/recurrence/arguments.hpp"

#include <cstdint>
#include <span>

namespace radlads::recurrence {

template <class Cell, class T>
void scan_forward_on(dry_run_backend&, const scan_forward_arguments<Cell, T, device_space>&) {}
template <class Cell, class T>
void scan_backward_on(dry_run_backend&, const scan_backward_arguments<Cell, T, device_space>&) {}
// Documents run group by group.
template <class Cell, class T>
bool scan_forward_varlen_on(dry_run_backend&, std::span<const std::int64_t>,
                            const scan_forward_arguments<Cell, T, device_space>&) {
  return false;
}
template <class Cell, class T>
bool scan_backward_varlen_on(dry_run_backend&, std::span<const std::int64_t>,
                             const scan_backward_arguments<Cell, T, device_space>&) {
  return false;
}

}  // namespace radlads::recurrence
