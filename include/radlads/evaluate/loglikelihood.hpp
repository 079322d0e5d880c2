// SPDX-License-Identifier: Apache-2.0
#pragma once
// Probabilities of continuations under a model, in batches of like length.

#include "radlads/core/backend.hpp"
#include "radlads/core/host_copy.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/evaluate/request.hpp"
#include "radlads/evaluate/shared_inputs.hpp"
#include "radlads/ops/cross_entropy.hpp"
#include "radlads/ops/embedding.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace radlads::evaluate {

/// What a model makes of one continuation.
struct likelihood {
  double log_probability = 0;  ///< natural logarithm, sum over its tokens
  bool is_greedy = true;       ///< each token is the model's first choice
};

/// Scores requests under a model. Requests whose inputs begin one another's are run once, and
/// logits are made of scored positions alone.
template <class Model>
class likelihood_scorer {
 public:
  using T = typename Model::scalar_type;
  using B = typename Model::backend_type;

  /// `batch_tokens` bounds how many ids run at once.
  explicit likelihood_scorer(const Model& model, std::int64_t batch_tokens = 4096)
      : model_(model), batch_tokens_(batch_tokens) {}

  /// One result a request, in their order. `on_progress` is called with the number of finished
  /// requests.
  template <class Progress>
  std::vector<likelihood> operator()(B& b, std::span<const request> requests,
                                     const Progress& on_progress) {
    std::vector<likelihood> results(requests.size());
    // The longest first: memory that does not suffice is noticed at once.
    const std::vector<shared_input> inputs = share_inputs(requests);
    std::size_t done = 0;
    for (std::size_t first = 0; first < inputs.size();) {
      const auto columns = static_cast<std::int64_t>(inputs[first].ids.size());
      const auto rows =
          static_cast<std::size_t>(std::max<std::int64_t>(1, batch_tokens_ / columns));
      const auto batch = std::span(inputs).subspan(first, std::min(rows, inputs.size() - first));
      run(b, requests, batch, columns, results);
      for (const shared_input& each : batch) done += each.requests.size();
      first += batch.size();
      on_progress(done);
    }
    return results;
  }

  std::vector<likelihood> operator()(B& b, std::span<const request> requests) {
    return (*this)(b, requests, [](std::size_t) {});
  }

 private:
  void run(B& b, std::span<const request> requests, std::span<const shared_input> batch,
           std::int64_t columns, std::vector<likelihood>& results) {
    const auto rows = static_cast<std::int64_t>(batch.size());
    // Behind an input's end come zeros, which nothing before them sees.
    std::vector<std::int32_t> inputs(static_cast<std::size_t>(rows * columns), 0);
    std::vector<std::int32_t> places, targets;  // scored positions, and the ids they should predict
    for (std::int64_t row = 0; row < rows; ++row) {
      const shared_input& input = batch[static_cast<std::size_t>(row)];
      std::copy(input.ids.begin(), input.ids.end(), inputs.begin() + row * columns);
      for (const std::size_t index : input.requests) {
        const request& r = requests[index];
        auto place = row * columns + static_cast<std::int64_t>(r.context.size()) - 1;
        for (const std::int32_t target : r.continuation) {
          places.push_back(static_cast<std::int32_t>(place++));
          targets.push_back(target);
        }
      }
    }
    ids_.resize(b, {rows, columns});
    b.copy(ids_.data(), inputs.data(), inputs.size() * sizeof(std::int32_t));
    model_.forward(b, ids_, nullptr, saved_);
    score(b, places, targets);
    take_scores(b, requests, batch, results);
  }

  /// Adds up what score left, request by request.
  void take_scores(B& b, std::span<const request> requests, std::span<const shared_input> batch,
                   std::vector<likelihood>& results) {
    const auto losses = to_host(b, losses_);
    const auto best = to_host(b, best_);
    std::size_t at = 0;
    for (const shared_input& input : batch) {
      for (const std::size_t index : input.requests) {
        for (const std::int32_t target : requests[index].continuation) {
          results[index].log_probability -= static_cast<double>(losses[at]);
          results[index].is_greedy = results[index].is_greedy && best[at] == target;
          ++at;
        }
      }
    }
  }

  /// Losses and first choices at some positions of the last forward pass.
  void score(B& b, const std::vector<std::int32_t>& places,
             const std::vector<std::int32_t>& targets) {
    const auto count = static_cast<std::int64_t>(places.size());
    const auto head = Model::head_of(model_.weights);
    places_.resize(b, {count});
    targets_.resize(b, {count});
    rows_.resize(b, {count, head.extent(1)});
    losses_.resize(b, {count});
    best_.resize(b, {count});
    b.copy(places_.data(), places.data(), places.size() * sizeof(std::int32_t));
    b.copy(targets_.data(), targets.data(), targets.size() * sizeof(std::int32_t));
    ops::embedding_forward<T>(b, saved_.normed, places_, rows_);
    ops::head_cross_entropy<T>(b, 1, head, rows_, targets_, losses_, best_, {}, {});
  }

  const Model& model_;
  std::int64_t batch_tokens_;
  typename Model::saved saved_;
  tensor<std::int32_t, 2, B> ids_;     // (rows, columns)
  tensor<std::int32_t, 1, B> places_;  // (N), rows of the final hidden state
  tensor<std::int32_t, 1, B> targets_, best_;
  tensor<T, 2, B> rows_;  // (N, C)
  tensor<accumulate_t<T>, 1, B> losses_;
};

}  // namespace radlads::evaluate
