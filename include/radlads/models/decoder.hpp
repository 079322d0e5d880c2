// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sequences continued token by token. Where the backend records, a token is one record that every
// position shares, as long as no layer has a cache that grows or counts on the host.

#include "radlads/core/backend.hpp"
#include "radlads/core/graph_capture.hpp"
#include "radlads/core/host_copy.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/core/view.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace radlads::models {

/// `batch` sequences of one length: the state behind the tokens given so far, and the logits of
/// what comes next. The model must outlive it.
template <class Model>
class decoder {
 public:
  using T = typename Model::scalar_type;
  using B = typename Model::backend_type;

  decoder(B& b, const Model& model, std::int64_t batch = 1)
      : backend_(b), model_(model), batch_(batch), state_(model.make_state(b, batch)) {
    require(batch >= 1, "decoder: the batch is ", batch, ", expected 1 or more");
    ids_.resize(b, {batch, 1});
    offset_.resize(b, {1});
    logits_.resize(b, {batch, model.config.vocabulary});
    state_.count_positions_in(offset_.read());
  }
  decoder(const decoder&) = delete;
  decoder& operator=(const decoder&) = delete;

  /// Takes ids (batch, T), a sequence behind the other, and returns the logits (batch, V) behind
  /// the last, on the host and valid until the next call. Throws when there is no token, or one
  /// outside the vocabulary, and then has taken none.
  std::span<const accumulate_t<T>> take(std::span<const std::int32_t> ids) {
    const auto size = static_cast<std::int64_t>(ids.size());
    require(size > 0 && size % batch_ == 0, "decoder: ", size, " tokens for ", batch_,
            " sequences of one length");
    for (std::int64_t n = 0; n < size; ++n) {
      const std::int32_t id = ids[static_cast<std::size_t>(n)];
      require(id >= 0 && id < model_.config.vocabulary, "decoder: the token number at position ", n,
              " is ", id, ", expected one of a vocabulary of ", model_.config.vocabulary);
    }
    // All but the last need no head.
    const std::int64_t length = size / batch_;
    if (length > 1) {
      tensor<std::int32_t, 2, B> before(backend_, {batch_, length - 1});
      put(before, ids, length, 0);
      model_.forward(backend_, before, &state_, saved_);
      taken_ += length - 1;
    }
    put(ids_, ids, length, length - 1);
    recorded_.run(backend_, {}, [&] {
      model_.forward(backend_, ids_, &state_, saved_);
      model_.logits(backend_, saved_, logits_);
    });
    ++taken_;
    const std::vector<T> found = to_host(backend_, logits_);
    on_host_.resize(found.size());
    std::transform(found.begin(), found.end(), on_host_.begin(),
                   [](T each) { return static_cast<accumulate_t<T>>(each); });
    return on_host_;
  }

  /// Tokens of each sequence.
  std::int64_t taken() const { return taken_; }
  std::int64_t state_bytes() const { return state_.bytes(); }
  /// How a token was recorded.
  const graph_capture<B>& recorded() const { return recorded_; }

 private:
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
  std::int64_t batch_, taken_ = 0;
  typename Model::state state_;
  typename Model::saved saved_;
  tensor<std::int32_t, 2, B> ids_;     // (batch, 1)
  tensor<std::int32_t, 1, B> offset_;  // (1), tokens before these
  tensor<T, 2, B> logits_;             // (batch, V)
  graph_capture<B> recorded_;
  std::vector<accumulate_t<T>> on_host_;
};

}  // namespace radlads::models
