// SPDX-License-Identifier: Apache-2.0
#pragma once
// Blocks one after the other, each with a mixer of the user's list that a string picked. The stack
// owns the order of layers: it decides which mixer provides v_first, and what crosses from layer to
// layer.

#include "radlads/core/parameters.hpp"
#include "radlads/layers/initialise.hpp"
#include "radlads/models/block.hpp"
#include "radlads/models/config.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace radlads::models {

/// Is told nothing of a backward pass.
struct nobody {
  void operator()(std::int64_t) const {}
};

/// Layers over `Mixers` for scalar T on backend B.
template <class T, class B, class... Mixers>
class stack {
 public:
  using layer_config = std::variant<typename block<Mixers>::config...>;
  using layer_params = std::variant<typename block<Mixers>::template params<T, B>...>;
  using layer_saved = std::variant<typename block<Mixers>::template saved<T, B>...>;
  // A mixer's state may be a type that another mixer has too; the index tells them apart.
  using layer_state = std::variant<typename block<Mixers>::template state<T, B>...>;

  struct params {
    std::vector<layer_params> layers;

    /// Takes over which mixer each layer has, also from a stack of another scalar.
    template <class Other>
    void match(const Other& other) {
      if (layers.size() != other.layers.size()) layers.resize(other.layers.size());
      for (std::size_t i = 0; i < layers.size(); ++i) {
        if (layers[i].index() != other.layers[i].index())
          emplace_at(layers[i], other.layers[i].index());
      }
    }

    /// The instances behind the first may be of another scalar.
    template <class F, class First, class... Rest>
    static void for_each(F&& f, First& first, Rest&... rest) {
      for (std::size_t i = 0; i < first.layers.size(); ++i) {
        const std::string prefix = std::to_string(i) + ".";
        std::visit(
            [&](auto& layer) {
              using each_params = std::remove_const_t<std::remove_reference_t<decltype(layer)>>;
              [[maybe_unused]] constexpr std::size_t index = index_of_params<each_params>();
              each_params::for_each(
                  [&](const tensor_info& info, auto&... each) { f(info.within(prefix), each...); },
                  layer, std::get<index>(rest.layers[i])...);
            },
            first.layers[i]);
      }
    }

    /// Calls f(tensor) for every tensor of layer i.
    template <class F>
    void for_each_of_layer(std::int64_t i, F&& f) {
      std::visit(
          [&](auto& layer) {
            std::remove_cvref_t<decltype(layer)>::for_each(
                [&](const tensor_info&, auto& each) { f(each); }, layer);
          },
          layers[static_cast<std::size_t>(i)]);
    }
  };

  /// Activations. In training every layer has its own; otherwise layers of one kind share.
  struct saved {
    bool is_training = false;
    bool captures_activations = false;
    /// Activation checkpointing: in training, too, layers share, and each keeps its input alone;
    /// backward runs a layer forward once more before it.
    bool activation_checkpointing = false;
    std::vector<layer_saved> layers;
    std::tuple<typename block<Mixers>::template saved<T, B>...> shared;
    std::vector<tensor<T, 3, B>> hidden;  // (B, T, C): inputs of the layers, and the last output
    std::vector<captured_activations<T, B>> captured;
    tensor<T, 3, B> v_first;  // (B, T, D_a)
    std::int64_t depth = 0;

    /// Gives everything its size and returns the first layer's input, to be filled.
    view_on<T, 3, B> prepare(B& b, std::int64_t layer_count, const shape<3>& sizes,
                             std::int64_t attention_width) {
      depth = layer_count;
      const auto count = static_cast<std::size_t>(layer_count);
      layers.resize(keeps_layers() ? count : 0);
      hidden.resize(is_training ? count + 1 : 2);
      captured.resize(keeps_layers() || captures_activations ? count : 1);
      for (auto& each : hidden) each.resize(b, sizes);
      v_first.resize(b, {sizes[0], sizes[1], attention_width});
      return hidden[0];
    }
    tensor<T, 3, B>& input_of(std::int64_t layer) {
      return hidden[static_cast<std::size_t>(layer) % hidden.size()];
    }
    captured_activations<T, B>& captured_of(std::int64_t layer) {
      return captured[static_cast<std::size_t>(layer) % captured.size()];
    }
    view_on<const T, 3, B> last() { return input_of(depth); }
    bool keeps_layers() const { return is_training && !activation_checkpointing; }

    template <class Block>
    typename Block::template saved<T, B>& of(std::int64_t layer) {
      using wanted = typename Block::template saved<T, B>;
      if (!keeps_layers()) return std::get<wanted>(shared);
      layer_saved& slot = layers[static_cast<std::size_t>(layer)];
      if (!std::holds_alternative<wanted>(slot)) slot.template emplace<wanted>();
      return std::get<wanted>(slot);
    }
  };

  struct state {
    std::vector<layer_state> layers;

    /// Layers that only count tokens leave that to the caller, who does it in `offset` (1).
    void count_positions_in(view_on<const std::int32_t, 1, B> offset) {
      for (layer_state& each : layers) {
        std::visit(
            [&](auto& s) {
              if constexpr (requires { s.count_positions_in(offset); })
                s.count_positions_in(offset);
            },
            each);
      }
    }

    std::int64_t bytes() const {
      std::int64_t total = 0;
      for (const layer_state& each : layers) {
        total += std::visit([](const auto& s) { return s.bytes(); }, each);
      }
      return total;
    }
  };

  std::int64_t size() const { return static_cast<std::int64_t>(configs_.size()); }

  /// Chooses the mixer of each layer. Throws, listing the known names, when one is not in the list,
  /// and when a mixer reads v_first that no layer before it provides.
  void configure(const config& c) {
    configs_.clear();
    indices_.clear();
    provider_ = -1;
    for (std::int64_t i = 0; i < c.layers; ++i) {
      const std::string& name = c.mixers[static_cast<std::size_t>(i)];
      bool is_known = false;
      std::size_t index = 0;
      const auto attempt = [&]<class M>(std::type_identity<M>) {
        if (!is_known && name == M::name) {
          is_known = true;
          layers::mixer_config sizes = mixer_sizes(c, i);
          if (M::uses_v_first && provider_ < 0) provider_ = i;
          sizes.provides_v_first = provider_ == i;
          configs_.emplace_back(block<M>::configure(c, sizes));
          indices_.push_back(index);
        }
        ++index;
      };
      (attempt(std::type_identity<Mixers>{}), ...);
      if (!is_known) {
        std::string known;
        ((known += (known.empty() ? "" : ", ") + std::string(Mixers::name)), ...);
        fail("model: layer ", i, " names the mixer '", name, "'; known are ", known);
      }
    }
  }

  void allocate(B& b, params& p) const {
    p.layers.clear();
    p.layers.resize(configs_.size());
    for (std::int64_t i = 0; i < size(); ++i) {
      emplace_at(p.layers[static_cast<std::size_t>(i)], indices_[static_cast<std::size_t>(i)]);
      with_layer(i, p, [&](const auto& c, auto& each) { each.allocate(b, c); });
    }
  }

  void initialise(B& b, params& p, const layers::tensor_source& source) const {
    for (std::int64_t i = 0; i < size(); ++i) {
      with_layer(i, p, [&](const auto& c, auto& each) {
        using block_type = typename std::remove_cvref_t<decltype(c)>::block_type;
        block_type::template initialise<T, B>(
            b, c, each, {source.seed, source.prefix + std::to_string(i) + "."});
      });
    }
  }

  /// Calls f(config, params) with the concrete types of layer i.
  template <class P, class F>
  void with_layer(std::int64_t i, P& p, F&& f) const {
    std::visit(
        [&](const auto& c) {
          using block_type = typename std::remove_cvref_t<decltype(c)>::block_type;
          f(c, std::get<typename block_type::template params<T, B>>(
                   p.layers[static_cast<std::size_t>(i)]));
        },
        configs_[static_cast<std::size_t>(i)]);
  }

  /// From s.hidden[0] to s.last().
  void forward(B& b, const params& p, state* carried, saved& s) const {
    for (std::int64_t i = 0; i < size(); ++i) {
      run(b, p, carried, s, i,
          [&](auto block_tag, const auto& c, const auto& each, auto* st, auto& sv) {
            using block_type = typename decltype(block_tag)::type;
            block_type::template forward<T, B>(b, c, each, s.input_of(i), s.v_first,
                                               s.input_of(i + 1), st, s.captured_of(i), sv);
          });
    }
  }

  /// As forward, but stops behind the last mixer, whose output is captured.
  void forward_captured(B& b, const params& p, saved& s) const {
    for (std::int64_t i = 0; i < size(); ++i) {
      run(b, p, nullptr, s, i,
          [&](auto block_tag, const auto& c, const auto& each, auto* st, auto& sv) {
            using block_type = typename decltype(block_tag)::type;
            if (i + 1 < size()) {
              block_type::template forward<T, B>(b, c, each, s.input_of(i), s.v_first,
                                                 s.input_of(i + 1), st, s.captured_of(i), sv);
            } else {
              block_type::template forward_mixer<T, B>(b, c, each, s.input_of(i), s.v_first, st,
                                                       s.captured_of(i), sv);
            }
          });
    }
  }

  /// From the gradient of the last output, which it overwrites, to that of the first input. Adds to
  /// the gradients of the parameters; finished(i) is called behind those of layer i.
  template <class Finished = nobody>
  void backward(B& b, const params& p, saved& s, view_on<T, 3, B> dlast, view_on<T, 3, B> dfirst,
                params& grads, const Finished& finished = {}) const {
    scratch_scope<B> scope(b);
    const auto dv_first = scope.template take<T, 3>(s.v_first.sizes());
    set_zero<T, 3, B>(b, dv_first);
    view_on<T, 3, B> dy = dlast, dx = dfirst;
    for (std::int64_t i = size() - 1; i >= 0; --i) {
      with_layer(i, p, [&](const auto& c, const auto& each) {
        using block_type = typename std::remove_cvref_t<decltype(c)>::block_type;
        auto& g = std::get<typename block_type::template params<T, B>>(
            grads.layers[static_cast<std::size_t>(i)]);
        auto& sv = s.template of<block_type>(i);
        if (s.activation_checkpointing) {
          // The output has been computed before and is only in the way: dx is free until backward.
          sv.mixer.is_training = true;
          block_type::template forward<T, B>(b, c, each, s.input_of(i), s.v_first, dx, nullptr,
                                             s.captured_of(i), sv);
        }
        block_type::template backward<T, B>(b, c, each, sv, s.captured_of(i), s.input_of(i),
                                            s.v_first, dy, dx, dv_first, g);
      });
      finished(i);
      std::swap(dy, dx);
    }
    if (dy.data() != dfirst.data()) copy<T, 3, B>(b, dy, dfirst);
  }

  state make_state(B& b, std::int64_t batch) const {
    state result;
    result.layers.resize(configs_.size());
    for (std::size_t i = 0; i < configs_.size(); ++i) {
      emplace_at(result.layers[i], indices_[i]);
      std::visit(
          [&](const auto& c) {
            using block_type = typename std::remove_cvref_t<decltype(c)>::block_type;
            state_of<block_type>(result.layers[i]).reset(b, c.mixer, batch);
          },
          configs_[i]);
    }
    return result;
  }

  /// Index of the layer that provides v_first, or -1.
  std::int64_t provider() const { return provider_; }

 private:
  template <class Variant, std::size_t... I>
  static void emplace_from(Variant& v, std::size_t index, std::index_sequence<I...>) {
    ((I == index ? static_cast<void>(v.template emplace<I>()) : static_cast<void>(0)), ...);
  }
  template <class Variant>
  static void emplace_at(Variant& v, std::size_t index) {
    emplace_from(v, index, std::make_index_sequence<sizeof...(Mixers)>{});
  }

  template <class Params>
  static constexpr std::size_t index_of_params() {
    constexpr bool matches[] = {
        std::is_same_v<Params, typename block<Mixers>::template params<T, B>>...};
    std::size_t index = 0;
    while (!matches[index]) ++index;
    return index;
  }
  template <class Block>
  static constexpr std::size_t index_of() {
    constexpr bool matches[] = {std::is_same_v<Block, block<Mixers>>...};
    std::size_t index = 0;
    while (!matches[index]) ++index;
    return index;
  }
  template <class Block>
  static typename Block::template state<T, B>& state_of(layer_state& s) {
    return std::get<index_of<Block>()>(s);
  }

  template <class F>
  void run(B&, const params& p, state* carried, saved& s, std::int64_t i, F&& f) const {
    with_layer(i, p, [&](const auto& c, const auto& each) {
      using block_type = typename std::remove_cvref_t<decltype(c)>::block_type;
      typename block_type::template state<T, B>* own = nullptr;
      if (carried != nullptr)
        own = &state_of<block_type>(carried->layers[static_cast<std::size_t>(i)]);
      auto& sv = s.template of<block_type>(i);
      sv.mixer.is_training = s.keeps_layers();
      f(std::type_identity<block_type>{}, c, each, own, sv);
    });
  }

  std::vector<layer_config> configs_;
  std::vector<std::size_t> indices_;
  std::int64_t provider_ = -1;
};

}  // namespace radlads::models
