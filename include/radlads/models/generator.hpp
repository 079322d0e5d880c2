// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sequences continued token by token. A long prompt goes through the model in parts. Where the
// backend captures graphs, a token is one graph that every position shares, as long as no layer has
// a cache that grows or counts on the host.

#include "radlads/core/backend.hpp"
#include "radlads/core/graph_capture.hpp"
#include "radlads/core/graph_capture.hpp"
#include "radlads/core/host_copy.hpp"
#include "radlads/core/random.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/core/view.hpp"
#include "radlads/ops/sample.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace radlads::models {

/// Tokens of a long prompt that go through the model at once, unless told otherwise. Activations
/// take memory for so many, however long the prompt is.
inline constexpr std::int64_t prefill_tokens = 512;

/// `batch` sequences of one length: the state behind the tokens given so far, and the logits of
/// what comes next. The model must outlive it.
template <class Model>
class generator {
 public:
  using T = typename Model::scalar_type;
  using B = typename Model::backend_type;

  /// `part` tokens of each sequence go through the model at once.
  generator(B& b, const Model& model, std::int64_t batch = 1, std::int64_t part = prefill_tokens)
      : backend_(b), model_(model), batch_(batch), part_(part), state_(model.make_state(b, batch)) {
    require(part >= 1, "generator: parts of ", part, " tokens, expected 1 or more");
    require(batch >= 1, "generator: the batch is ", batch, ", expected 1 or more");
    ids_.resize(b, {batch, 1});
    offset_.resize(b, {1});
    logits_.resize(b, {batch, model.config.vocabulary});
    seen_.resize(b, logits_.sizes());
    b.set_zero(seen_.data(), static_cast<std::size_t>(seen_.size()));
    chosen_.resize(b, {batch});
    state_.count_positions_in(offset_.read());
  }
  generator(const generator&) = delete;
  generator& operator=(const generator&) = delete;

  /// Takes ids (batch, T), a sequence behind the other; the logits of what comes next stay with the
  /// backend. Throws when there is no token, or one outside the vocabulary, and then has taken
  /// none.
  void take(std::span<const std::int32_t> ids) {
    const auto size = static_cast<std::int64_t>(ids.size());
    require(size > 0 && size % batch_ == 0, "generator: ", size, " tokens for ", batch_,
            " sequences of one length");
    for (std::int64_t n = 0; n < size; ++n) {
      const std::int32_t id = ids[static_cast<std::size_t>(n)];
      require(id >= 0 && id < model_.config.vocabulary, "generator: the token number at position ",
              n, " is ", id, ", expected one of a vocabulary of ", model_.config.vocabulary);
    }
    // All but the last need no head.
    const std::int64_t length = size / batch_;
    for (std::int64_t first = 0; first + 1 < length; first += part_) {
      prefill(ids, length, first, std::min(part_, length - 1 - first));
    }
    put(ids_, ids, length, length - 1);
    captured_.run(backend_, {}, [&] {
      model_.forward(backend_, ids_, &state_, saved_);
      model_.logits(backend_, saved_, logits_);
      ops::mark_ids(backend_, ids_.read(), seen_.whole());
    });
    ++taken_;
  }

  /// The logits (batch, V) behind the last tokens, on the host and valid until the next call.
  /// Throws before the first token.
  std::span<const accumulate_t<T>> logits() {
    require_tokens();
    const std::vector<T> found = to_host(backend_, logits_);
    on_host_.resize(found.size());
    std::transform(found.begin(), found.end(), on_host_.begin(),
                   [](T each) { return static_cast<accumulate_t<T>>(each); });
    return on_host_;
  }

  /// The next token of each sequence, chosen by ops::sample with number `index` * batch + n of
  /// `numbers`; the penalty falls on all tokens taken. They are not taken by this, and valid until
  /// the next call. Throws before the first token, and when logits are NaN or none is finite.
  std::span<const std::int32_t> choose(const ops::sampling_options& o, random_stream numbers,
                                       std::uint64_t index) {
    require_tokens();
    ops::sample<T>(backend_, o, logits_, seen_, numbers, index * static_cast<std::uint64_t>(batch_),
                   chosen_);
    chosen_on_host_ = to_host(backend_, chosen_);
    for (const std::int32_t id : chosen_on_host_) {
      require(id >= 0, "generator: the logits behind ", taken_,
              " tokens are NaN, or the greatest is not finite");
    }
    return chosen_on_host_;
  }

  /// Tokens of each sequence.
  std::int64_t taken() const { return taken_; }
  std::int64_t state_bytes() const { return state_.bytes(); }
  /// How a token was captured.
  const graph_capture<B>& captured() const { return captured_; }

 private:
  void require_tokens() const {
    require(taken_ > 0, "generator: nothing comes next before the first token");
  }

  /// Columns [first, first + count) of ids (batch, length) go through the model.
  void prefill(std::span<const std::int32_t> ids, std::int64_t length, std::int64_t first,
               std::int64_t count) {
    tensor<std::int32_t, 2, B> part(backend_, {batch_, count});
    put(part, ids, length, first);
    model_.forward(backend_, part, &state_, saved_);
    ops::mark_ids(backend_, part.read(), seen_.whole());
    taken_ += count;
  }

  /// Columns [first, first + to's) of ids (batch, length), and where the first of them stands.
  void put(tensor<std::int32_t, 2, B>& to, std::span<const std::int32_t> ids, std::int64_t length,
           std::int64_t first) {
    write_on_host(backend_, to, [&](std::int32_t* at) {
      for (std::int64_t row = 0; row < batch_; ++row)
        at = std::copy_n(ids.data() + row * length + first, to.extent(1), at);
    });
    write_on_host(backend_, offset_,
                  [&](std::int32_t* at) { *at = static_cast<std::int32_t>(taken_); });
  }

  B& backend_;
  const Model& model_;
  std::int64_t batch_, part_, taken_ = 0;
  typename Model::state state_;
  typename Model::saved saved_;
  tensor<std::int32_t, 2, B> ids_;     // (batch, 1)
  tensor<std::int32_t, 1, B> offset_;  // (1), tokens before these
  tensor<T, 2, B> logits_;             // (batch, V)
  tensor<std::uint8_t, 2, B> seen_;    // (batch, V), not 0 where a token was taken
  tensor<std::int32_t, 1, B> chosen_;  // (batch)
  graph_capture<B> captured_;
  std::vector<accumulate_t<T>> on_host_;
  std::vector<std::int32_t> chosen_on_host_;
};

}  // namespace radlads::models
