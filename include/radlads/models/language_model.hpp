// SPDX-License-Identifier: Apache-2.0
#pragma once
// A decoder over a user's list of mixers: embedding, blocks, final norm, head. Forward leaves the
// final hidden states; the head belongs to the losses, which never hold all logits.

#include "radlads/core/parameters.hpp"
#include "radlads/models/block.hpp"
#include "radlads/models/config.hpp"
#include "radlads/models/stack.hpp"
#include "radlads/ops/embedding.hpp"
#include "radlads/ops/matmul.hpp"
#include "radlads/ops/norm.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace radlads::models {

/// Language model for scalar T on backend B whose layers use any of `Mixers`, chosen by name.
template <class T, class B, class... Mixers>
struct language_model {
  using scalar_type = T;
  using backend_type = B;
  using layers_type = stack<T, B, Mixers...>;
  /// The same model in another scalar: an optimizer's moments, for one.
  template <class S>
  using with_scalar = language_model<S, B, Mixers...>;

  struct params {
    tensor<T, 2, B> embedding;  // (V, C)
    typename layers_type::params layers;
    tensor<T, 1, B> norm;  // (C)
    tensor<T, 2, B> head;  // (V, C), empty when tied

    /// Takes over which mixer each layer has, so that for_each can visit both.
    template <class Other>
    void match(const Other& other) {
      layers.match(other.layers);
    }

    template <class F, class... P>
    static void for_each(F&& f, P&... p) {
      visit(f, {"model.embed_tokens.weight", tensor_role::embedding}, p.embedding...);
      layers_type::params::for_each(
          [&](const tensor_info& info, auto&... each) { f(info.within("model.layers."), each...); },
          p.layers...);
      visit(f, {"model.norm.weight", tensor_role::norm}, p.norm...);
      visit(f, {"lm_head.weight", tensor_role::head}, p.head...);
    }
  };

  struct saved {
    typename layers_type::saved layers;
    tensor<T, 2, B> normed;                 // (N, C), input of the head
    tensor<accumulate_t<T>, 1, B> inverse;  // (N)
  };

  using state = typename layers_type::state;

  models::config config;
  layers_type layers;
  params weights;

  /// Allocates the parameters of this description; values are undefined. Throws on unknown mixers.
  void build(B& b, const models::config& c) {
    check(c);
    config = c;
    layers.configure(c);
    weights.embedding.resize(b, {c.vocabulary, c.hidden});
    layers.allocate(b, weights.layers);
    weights.norm.resize(b, {c.hidden});
    if (!c.is_tied) weights.head.resize(b, {c.vocabulary, c.hidden});
  }

  /// Random weights for training from scratch: normal with deviation 0.02, norms 1.
  void initialise(B& b, std::uint64_t seed) {
    const layers::tensor_source source{seed, ""};
    layers::fill_normal(b, weights.embedding, 0.02, source.of("model.embed_tokens.weight"));
    layers.initialise(b, weights.layers, {seed, "model.layers."});
    layers::fill_constant(b, weights.norm, 1.0);
    if (!config.is_tied) layers::fill_normal(b, weights.head, 0.02, source.of("lm_head.weight"));
  }

  /// The head's weight, (V, C): the embedding when tied.
  static view_on<const T, 2, B> head_of(const params& p) {
    return p.head.empty() ? p.embedding.read() : p.head.read();
  }
  static view_on<T, 2, B> head_of(params& p) {
    return p.head.empty() ? p.embedding.whole() : p.head.whole();
  }

  /// ids (B, T). Leaves the head's input in s.normed. With a state the tokens continue its
  /// sequences.
  void forward(B& b, view_on<const std::int32_t, 2, B> ids, state* carried, saved& s) const {
    embed(b, ids, s);
    layers.forward(b, weights.layers, carried, s.layers);
    const view_on<const T, 3, B> last = s.layers.last();
    const shape<2> rows{last.extent(0) * last.extent(1), config.hidden};
    s.normed.resize(b, rows);
    s.inverse.resize(b, {rows[0]});
    ops::rms_norm_forward<T>(b, config.norm_epsilon, weights.norm, reshape<2>(last, rows), s.normed,
                             s.inverse);
  }

  /// Captures the activations of all layers from ids (B, T), and computes nothing beyond the last
  /// mixer.
  void forward_captured(B& b, view_on<const std::int32_t, 2, B> ids, saved& s) const {
    s.layers.captures_activations = true;
    embed(b, ids, s);
    layers.forward_captured(b, weights.layers, s.layers);
  }

  /// From the gradient of s.normed (N, C); adds to the gradients of all parameters but the head.
  /// finished(index) is called behind what makes gradients final that for_each_by_finish has with
  /// this index.
  template <class Finished = nobody>
  void backward(B& b, view_on<const std::int32_t, 2, B> ids, view_on<const T, 2, B> dnormed,
                saved& s, params& grads, const Finished& finished = {}) const {
    const view_on<const T, 3, B> last = s.layers.last();
    scratch_scope<B> scope(b);
    const auto dlast = scope.template take<T, 3>(last.sizes());
    const auto dembedded = scope.template take<T, 3>(last.sizes());
    ops::rms_norm_backward<T>(b, weights.norm, reshape<2>(last, dnormed.sizes()), s.inverse,
                              dnormed, reshape<2>(dlast, dnormed.sizes()), grads.norm);
    finished(0);
    const std::int64_t count = layers.size();
    layers.backward(b, weights.layers, s.layers, dlast, dembedded, grads.layers,
                    [&](std::int64_t layer) { finished(count - layer); });
    ops::embedding_backward<T>(b, flat_ids(ids), reshape<2>(dembedded, dnormed.sizes()),
                               grads.embedding);
    finished(count + 1);
  }

  /// Calls f(index, tensor) for every tensor, with an index that counts when backward is through
  /// with its gradient: the last layers are before the first.
  template <class F>
  static void for_each_by_finish(params& p, F&& f) {
    const auto count = static_cast<std::int64_t>(p.layers.layers.size());
    f(std::int64_t{0}, p.norm);
    f(std::int64_t{0}, p.head);
    for (std::int64_t i = 0; i < count; ++i)
      p.layers.for_each_of_layer(i, [&](auto& each) { f(count - i, each); });
    f(count + 1, p.embedding);
  }

  /// logits (N, V) of the hidden states that forward left.
  void logits(B& b, const saved& s, view_on<T, 2, B> out) const {
    ops::linear<T>(b, head_of(weights), {}, s.normed, out);
  }

  /// An empty state for `batch` sequences.
  state make_state(B& b, std::int64_t batch) const { return layers.make_state(b, batch); }

 private:
  static view_on<const std::int32_t, 1, B> flat_ids(view_on<const std::int32_t, 2, B> ids) {
    return reshape<1>(ids, {ids.size()});
  }

  void embed(B& b, view_on<const std::int32_t, 2, B> ids, saved& s) const {
    const view_on<T, 3, B> first =
        s.layers.prepare(b, layers.size(), {ids.extent(0), ids.extent(1), config.hidden},
                         config.heads * config.head_size);
    ops::embedding_forward<T>(b, weights.embedding, flat_ids(ids),
                              reshape<2>(first, {ids.size(), config.hidden}));
  }
};

}  // namespace radlads::models
