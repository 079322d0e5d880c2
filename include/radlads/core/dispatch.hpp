// SPDX-License-Identifier: Apache-2.0
#pragma once
// A run-time integer becomes a template argument, from a closed list.

#include "radlads/core/error.hpp"

#include <type_traits>

namespace radlads {

/// Calls f(std::integral_constant<int, N>) with the smallest N of the rising list that is >= value.
/// Throws, naming `what`, when the value exceeds the list.
template <int... Built, class F>
void dispatch_at_least(const char* what, long long value, F&& f) {
  bool done = false;
  const auto attempt = [&](auto built) {
    if (done || value > built.value) return;
    done = true;
    f(built);
  };
  (attempt(std::integral_constant<int, Built>{}), ...);
  if (done) return;
  int largest = 0;
  ((largest = Built), ...);
  fail(what, " is ", value, "; the largest that is built is ", largest);
}

}  // namespace radlads
