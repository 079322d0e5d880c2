// SPDX-License-Identifier: Apache-2.0
#pragma once
// Scores on documents: each begins a fresh sequence, and every token but the first is predicted.
// Against a teacher also the divergence and how often both would choose the same token.

#include "radlads/core/backend.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/host_copy.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/ops/cross_entropy.hpp"
#include "radlads/ops/kl_divergence.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace radlads::distill {

/// Sums over scored tokens.
struct score {
  std::int64_t tokens = 0;
  double nats = 0;          ///< sum of -log p of the right token
  double teacher_nats = 0;  ///< the same for the teacher
  double divergence = 0;    ///< sum of KL(teacher || model)
  std::int64_t right = 0;   ///< the top-1 token was the right one
  std::int64_t teacher_right = 0;
  std::int64_t agreed = 0;  ///< model and teacher have the same top-1 token

  double per_token(double sum) const { return tokens > 0 ? sum / static_cast<double>(tokens) : 0; }
  double share(std::int64_t count) const { return per_token(static_cast<double>(count)); }
  score& operator+=(const score& o) {
    tokens += o.tokens;
    nats += o.nats;
    teacher_nats += o.teacher_nats;
    divergence += o.divergence;
    right += o.right;
    teacher_right += o.teacher_right;
    agreed += o.agreed;
    return *this;
  }
};

/// Score of all tokens, and by how many tokens of context the prediction had before its last one:
/// 0-127, 128-255, 256-511, ...
struct evaluation {
  score total;
  std::vector<score> by_position;
};

/// Index of a position's bucket, and the bucket's first position.
inline std::size_t position_bucket(std::int64_t position) {
  std::size_t bucket = 0;
  for (std::int64_t end = 128; position >= end; end *= 2) ++bucket;
  return bucket;
}
inline std::int64_t bucket_begin(std::size_t bucket) {
  return bucket == 0 ? 0 : std::int64_t{64} << bucket;
}

/// Scores documents of ids, each with its first token given. Documents of fewer than two ids count
/// nothing. `batch_tokens` bounds how much runs at once.
template <class Model, class Teacher = Model>
class evaluator {
 public:
  using T = typename Model::scalar_type;
  using B = typename Model::backend_type;

  explicit evaluator(const Model& model, const Teacher* teacher = nullptr,
                     std::int64_t batch_tokens = 4096)
      : model_(model), teacher_(teacher), batch_tokens_(batch_tokens) {
    if (teacher == nullptr) return;
    require(teacher->config.vocabulary == model.config.vocabulary,
            "evaluate: the teacher's vocabulary is ", teacher->config.vocabulary, ", the model's ",
            model.config.vocabulary);
  }

  evaluation operator()(B& b, std::span<const std::vector<std::int32_t>> documents) {
    evaluation result;
    std::vector<std::size_t> order(documents.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    // Documents of like length share a batch, so that little is padded.
    std::stable_sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) {
      return documents[x].size() < documents[y].size();
    });
    for (std::size_t first = 0; first < order.size();) {
      std::size_t end = first;
      std::int64_t longest = 0;
      while (end < order.size()) {
        const auto length = static_cast<std::int64_t>(documents[order[end]].size());
        const auto rows = static_cast<std::int64_t>(end - first) + 1;
        if (end > first && std::max(longest, length) * rows > batch_tokens_) break;
        longest = std::max(longest, length);
        ++end;
      }
      if (longest >= 2) {
        run(b, documents, std::span(order).subspan(first, end - first), longest - 1, result);
      }
      first = end;
    }
    for (const score& each : result.by_position) result.total += each;
    return result;
  }

 private:
  void run(B& b, std::span<const std::vector<std::int32_t>> documents,
           std::span<const std::size_t> chosen, std::int64_t columns, evaluation& result) {
    const auto rows = static_cast<std::int64_t>(chosen.size());
    const auto count = static_cast<std::size_t>(rows * columns);
    // Behind a document's end come repeats of its last id, which nothing before them sees,
    // unscored.
    std::vector<std::int32_t> inputs(count), targets(count, -1);
    for (std::size_t row = 0; row < chosen.size(); ++row) {
      const std::vector<std::int32_t>& ids = documents[chosen[row]];
      for (std::int64_t t = 0; t < columns; ++t) {
        const std::size_t at =
            row * static_cast<std::size_t>(columns) + static_cast<std::size_t>(t);
        const auto here = static_cast<std::size_t>(t);
        inputs[at] = ids.empty() ? 0 : ids[std::min(here, ids.size() - 1)];
        if (here + 1 < ids.size()) targets[at] = ids[here + 1];
      }
    }
    ids_.resize(b, {rows, columns});
    targets_.resize(b, {rows * columns});
    b.copy(ids_.data(), inputs.data(), count * sizeof(std::int32_t));
    b.copy(targets_.data(), targets.data(), count * sizeof(std::int32_t));
    const outcome own = predict(b, model_, saved_);
    outcome other;
    std::vector<accumulate_t<T>> divergence;
    if (teacher_ != nullptr) {
      other = predict(b, *teacher_, teacher_saved_);
      ops::head_kl_divergence<T>(b, 1, 0, 1, Model::head_of(model_.weights), saved_.normed,
                                 Teacher::head_of(teacher_->weights), teacher_saved_.normed, {},
                                 losses_, {}, {});
      divergence = to_host(b, losses_);
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (targets[i] < 0) continue;
      const auto position = static_cast<std::int64_t>(i) % columns;
      const std::size_t bucket = position_bucket(position);
      if (bucket >= result.by_position.size()) result.by_position.resize(bucket + 1);
      score& s = result.by_position[bucket];
      ++s.tokens;
      s.nats += static_cast<double>(own.losses[i]);
      s.right += own.best[i] == targets[i] ? 1 : 0;
      if (teacher_ == nullptr) continue;
      s.teacher_nats += static_cast<double>(other.losses[i]);
      s.teacher_right += other.best[i] == targets[i] ? 1 : 0;
      s.agreed += own.best[i] == other.best[i] ? 1 : 0;
      s.divergence += static_cast<double>(divergence[i]);
    }
  }

  struct outcome {
    std::vector<accumulate_t<T>> losses;
    std::vector<std::int32_t> best;
  };

  template <class M, class Saved>
  outcome predict(B& b, const M& model, Saved& saved) {
    model.forward(b, ids_, nullptr, saved);
    losses_.resize(b, {ids_.size()});
    best_.resize(b, {ids_.size()});
    ops::head_cross_entropy<T>(b, 1, M::head_of(model.weights), saved.normed, targets_, losses_,
                               best_, {}, {});
    return {to_host(b, losses_), to_host(b, best_)};
  }

  const Model& model_;
  const Teacher* teacher_;
  std::int64_t batch_tokens_;
  typename Model::saved saved_;
  typename Teacher::saved teacher_saved_;
  tensor<std::int32_t, 2, B> ids_;
  tensor<std::int32_t, 1, B> targets_;
  tensor<accumulate_t<T>, 1, B> losses_;
  tensor<std::int32_t, 1, B> best_;
};

}  // namespace radlads::distill
