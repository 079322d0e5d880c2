// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a mixer must offer. The concept is for overloading; check_mixer() says in a sentence what is
// missing.

#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/layers/initialise.hpp"
#include "radlads/layers/mixer_config.hpp"
#include "radlads/layers/mixer_input.hpp"

#include <concepts>
#include <cstdint>
#include <string_view>

namespace radlads::layers {

// Requirements are stated once, on float and the CPU: a mixer is a template over both.
template <class M>
concept has_name = std::convertible_to<decltype(M::name), std::string_view>;

/// Says whether it uses mixer_input's v_first: the first mixer that does writes it.
template <class M>
concept says_uses_v_first = requires {
  { M::uses_v_first } -> std::convertible_to<bool>;
};

template <class M>
concept has_configure = requires(const mixer_config& c, const mixer_options& o) {
  { M::configure(c, o) } -> std::same_as<typename M::config>;
};

template <class M>
concept has_parameters = parameter_set<typename M::template params<float, cpu_backend>> &&
    requires(typename M::template params<float, cpu_backend>& p, cpu_backend& b,
             const typename M::config& c, const tensor_source& source) {
  p.allocate(b, c);
  M::template initialise<float, cpu_backend>(b, c, p, source);
};

template <class M>
concept has_state = requires(typename M::template state<float, cpu_backend>& s, cpu_backend& b,
                             const typename M::config& c) {
  s.reset(b, c, std::int64_t{1});
  { s.bytes() } -> std::convertible_to<std::int64_t>;
};

template <class M>
concept has_forward = requires(cpu_backend& b, const typename M::config& c,
                               const typename M::template params<float, cpu_backend>& p,
                               const mixer_input<float, cpu_backend>& in, view<float, 3> y,
                               typename M::template state<float, cpu_backend>* state,
                               typename M::template saved<float, cpu_backend>& saved) {
  M::template forward<float, cpu_backend>(b, c, p, in, y, state, saved);
  saved.is_training = true;
};

template <class M>
concept has_backward = requires(cpu_backend& b, const typename M::config& c,
                                const typename M::template params<float, cpu_backend>& p,
                                const typename M::template saved<float, cpu_backend>& saved,
                                const mixer_input<float, cpu_backend>& in, view<const float, 3> dy,
                                const mixer_input_gradient<float, cpu_backend>& din,
                                typename M::template params<float, cpu_backend>& grads) {
  M::template backward<float, cpu_backend>(b, c, p, saved, in, dy, din, grads);
};

/// A token mixer: a name, nested params, saved and state, and forward and backward. Both may be
/// captured (core/graph_capture.hpp): what a call decides or counts on the host it decides for all
/// calls that follow, so a mixer that does either throws not_capturable there, as attention does
/// for its cache. recurrent_state needs nothing of the kind.
template <class M>
concept mixer = has_name<M> && says_uses_v_first<M> && has_configure<M> && has_parameters<M> &&
    has_state<M> && has_forward<M> && has_backward<M>;

/// Whether a mixer's state is of one size however many tokens it has read, so that it is what
/// conversion trains. A mixer whose state grows says `static constexpr bool is_recurrent = false`.
template <class M>
inline constexpr bool is_recurrent = true;
template <class M>
requires requires {
  { M::is_recurrent } -> std::convertible_to<bool>;
}
inline constexpr bool is_recurrent<M> = M::is_recurrent;

/// Fails to compile with one sentence for each thing that a mixer lacks.
template <class M>
consteval bool check_mixer() {
  static_assert(has_name<M>, "a mixer needs: static constexpr std::string_view name");
  static_assert(says_uses_v_first<M>,
                "a mixer needs: static constexpr bool uses_v_first, whether it uses the v_first of "
                "mixer_input");
  static_assert(has_configure<M>,
                "a mixer needs: using config = ...; "
                "static config configure(mixer_config, const mixer_options&)");
  static_assert(has_parameters<M>,
                "a mixer needs: template <class T, class B> struct params with allocate(backend, "
                "config) and static for_each(f, params...), and static void initialise(backend, "
                "config, params, source)");
  static_assert(
      has_state<M>,
      "a mixer needs: template <class T, class B> struct state with reset(backend, config, "
      "batch) and bytes()");
  static_assert(
      has_forward<M>,
      "a mixer needs: template <class T, class B> struct saved with bool is_training, and "
      "static void forward(backend, config, params, mixer_input, y, state, saved)");
  static_assert(
      has_backward<M>,
      "a mixer needs: static void backward(backend, config, params, saved, mixer_input, dy, "
      "mixer_input_gradient, grads)");
  return true;
}

/// Layers whose backward adds to dx, because several share one input. In a combinator they would
/// add to what nobody has written.
template <class L>
concept adds_to_input_gradient = requires {
  requires L::adds_to_dx;
};

/// A stateless layer on rows: forward(backend, config, params, x, y, saved) and its backward, which
/// overwrites dx.
template <class L>
concept layer =
    !adds_to_input_gradient<L> && requires(cpu_backend & b, const typename L::config& c,
                                           typename L::template params<float, cpu_backend>& p,
                                           typename L::template saved<float, cpu_backend>& saved,
                                           view<const float, 2> x, view<float, 2> y) {
  { L::out_width(c) } -> std::convertible_to<std::int64_t>;
  p.allocate(b, c);
  L::template forward<float, cpu_backend>(b, c, p, x, y, saved);
  L::template backward<float, cpu_backend>(b, c, p, saved, x, x, y, p);
};

}  // namespace radlads::layers
