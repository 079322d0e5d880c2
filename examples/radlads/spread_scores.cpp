// SPDX-License-Identifier: Apache-2.0
#include "radlads/parallel/agreement.hpp"
#include "radlads/parallel/communicator.hpp"
#include "ranks.hpp"
#include "spread_scores.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace radlads::program {

namespace {

template <class T>
std::span<const T> part_of_rank(std::span<const T> all, int rank) {
  const auto part = parallel::part_of(std::ssize(all), rank, ranks().size());
  return all.subspan(static_cast<std::size_t>(part.begin), static_cast<std::size_t>(part.size()));
}

}  // namespace

distill::evaluation score_spread_documents(backend_type& b, const model_type& model,
                                           const model_type* teacher,
                                           std::span<const std::vector<std::int32_t>> documents) {
  distill::evaluation result;
  parallel::together(ranks(), b, [&] {
    result = score_documents(b, model, teacher, part_of_rank(documents, ranks().rank()));
  });
  // Those of longer documents have more positions.
  result.by_position.resize(static_cast<std::size_t>(ranks().most(std::ssize(result.by_position))));
  result.total = ranks().sum(result.total);
  for (distill::score& each : result.by_position) each = ranks().sum(each);
  return result;
}

std::vector<evaluate::likelihood> score_spread_requests(
    backend_type& b, const model_type& model, std::span<const evaluate::request> requests,
    const std::function<void(std::size_t)>& on_progress) {
  const auto size = static_cast<std::size_t>(ranks().size());
  std::vector<evaluate::likelihood> own;
  parallel::together(ranks(), b, [&] {
    own = score_requests(b, model, part_of_rank(requests, ranks().rank()), [&](std::size_t done) {
      on_progress(std::min(done * size, requests.size()));
    });
  });
  if (size == 1) return own;
  // Two numbers of each; parts differ by one request at most, and all ranks send as many numbers.
  const std::size_t most = (requests.size() + size - 1) / size;
  std::vector<double> sent(2 * most);
  for (std::size_t i = 0; i < own.size(); ++i) {
    sent[2 * i] = own[i].log_probability;
    sent[2 * i + 1] = own[i].is_greedy ? 1 : 0;
  }
  const auto all = parallel::gather<double>(ranks(), b, std::span<const double>(sent));
  std::vector<evaluate::likelihood> result;
  for (std::size_t rank = 0; rank < size; ++rank) {
    const double* const from = all.data() + rank * sent.size();
    const std::size_t count = part_of_rank(requests, static_cast<int>(rank)).size();
    for (std::size_t i = 0; i < count; ++i) result.push_back({from[2 * i], from[2 * i + 1] > 0.5});
  }
  return result;
}

}  // namespace radlads::program
