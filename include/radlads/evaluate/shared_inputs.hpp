// SPDX-License-Identifier: Apache-2.0
#pragma once
// Requests that one row of a batch can score together.

#include "radlads/evaluate/request.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace radlads::evaluate {

/// Ids that a model reads, and the requests that need nothing but their beginnings.
struct shared_input {
  std::vector<std::int32_t> ids;
  std::vector<std::size_t> requests;  ///< places among all requests
};

/// Ids of a request that a model reads: all but the last.
inline std::vector<std::int32_t> input_of(const request& r) {
  std::vector<std::int32_t> ids = r.context;
  ids.insert(ids.end(), r.continuation.begin(), r.continuation.end());
  ids.pop_back();
  return ids;
}

/// The fewest inputs that hold all requests, the longest first. Choices of one token share the
/// input of their context.
inline std::vector<shared_input> share_inputs(std::span<const request> requests) {
  std::vector<shared_input> all;
  for (std::size_t i = 0; i < requests.size(); ++i) all.push_back({input_of(requests[i]), {i}});
  // In the order of their ids, what begins with an input stands right behind it.
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& x, const auto& y) { return x.ids < y.ids; });
  std::vector<shared_input> kept;
  for (auto each = all.rbegin(); each != all.rend(); ++each) {
    const bool is_beginning =
        !kept.empty() && each->ids.size() <= kept.back().ids.size() &&
        std::equal(each->ids.begin(), each->ids.end(), kept.back().ids.begin());
    if (is_beginning) {
      kept.back().requests.push_back(each->requests[0]);
    } else {
      kept.push_back(std::move(*each));
    }
  }
  for (shared_input& each : kept) std::sort(each.requests.begin(), each.requests.end());
  std::stable_sort(kept.begin(), kept.end(), [](const auto& x, const auto& y) {
    return x.ids.size() != y.ids.size() ? x.ids.size() > y.ids.size()
                                        : x.requests[0] < y.requests[0];
  });
  return kept;
}

}  // namespace radlads::evaluate
