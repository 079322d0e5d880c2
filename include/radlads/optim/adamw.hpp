// SPDX-License-Identifier: Apache-2.0
#pragma once
// Adam with decoupled weight decay and bias correction (Kingma and Ba 2015; Loshchilov and Hutter
// 2019).
//   m = b1 m + (1 - b1) g,   v = b2 v + (1 - b2) g^2
//   p = p - rate (decay p + m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps))

#include "radlads/core/backend.hpp"
#include "radlads/core/config.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/convert.hpp"
#include "radlads/ops/map.hpp"

#include <cmath>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace radlads::optim {

/// Constants of the update rule.
struct adamw_options {
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
  double weight_decay = 0;
};

/// Rate of a tensor: `mixer` for those of mixers, unless it is negative, else `rest`.
struct group_rates {
  double rest = 0;
  double mixer = -1;
  double operator()(const tensor_info& info) const {
    return mixer >= 0 && info.is_in_mixer() ? mixer : rest;
  }
};

/// One element's update, as a functor for elementwise; R is real_t of the tensor's scalar.
template <class R>
struct adamw_step {
  R gradient_scale, keep1, take1, keep2, take2;
  R shrink;          // 1 - rate decay
  R rate;            // rate / (1 - b1^t)
  R second_inverse;  // 1 / (1 - b2^t)
  R epsilon;

  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const X& p, const X& g, const X& m, const X& v,
                                                     X& p_out, X& m_out, X& v_out) const {
    using std::sqrt;
    const X scaled = g * gradient_scale;
    m_out = m * keep1 + scaled * take1;
    v_out = v * keep2 + scaled * scaled * take2;
    p_out = p * shrink - m_out * rate / (sqrt(v_out * second_inverse) + epsilon);
  }
};

/// The update of tensors with this learning rate, as the `steps`-th of the parameters.
template <class R>
adamw_step<R> make_adamw_step(const adamw_options& options, std::int64_t steps, double rate,
                              double gradient_scale) {
  const auto t = static_cast<double>(steps);
  const double first = 1 - std::pow(options.beta1, t), second = 1 - std::pow(options.beta2, t);
  const auto as = [](double x) { return static_cast<R>(x); };
  return {as(gradient_scale), as(options.beta1),     as(1 - options.beta1),
          as(options.beta2),  as(1 - options.beta2), as(1 - rate * options.weight_decay),
          as(rate / first),   as(1 / second),        as(options.epsilon)};
}

/// The optimizer of a parameter set: both moments and the updates made. Whoever saves a run saves
/// these three. Parameters of a storage type (bf16) have moments `M` of the accumulation type,
/// and a master copy of that type, which the update changes and the parameters are rounded from; it
/// is saved as well.
template <parameter_set P, parameter_set M = P>
struct adamw {
  static constexpr bool has_master = !std::is_same_v<P, M>;

  adamw_options options{};
  M m{};
  M v{};
  M master{};  ///< empty unless has_master
  std::int64_t steps = 0;

  /// Gives the moments the shapes of `params`, zero, copies the master, and forgets the steps. Only
  /// tensors that are `trained(info)` have moments; the others must stay frozen.
  template <backend B, class Trained = every_tensor>
  void start(B& b, const P& params, const Trained& trained = {}) {
    reset(b, params, trained);
    if constexpr (has_master) {
      allocate_like(b, params, master);
      ops::convert_all(b, params, master);
    }
  }

  /// As start, but takes over `exact` as the master and overwrites `params` with it, rounded.
  template <backend B, class Trained = every_tensor>
  void start_from(B& b, P& params, M&& exact, const Trained& trained = {}) {
    static_assert(has_master, "only parameters of a storage type have a master");
    reset(b, params, trained);
    master = std::move(exact);
    ops::convert_all(b, master, params);
  }

  /// One update of `params` from `gradients` times `gradient_scale`. `rate_of(info)` is a tensor's
  /// learning rate; where it is 0 or less the tensor is frozen and its moments stay as they are.
  /// Throws when a gradient or moment has another shape than its parameter.
  template <backend B, class Rates>
  void update(B& b, P& params, const P& gradients, const Rates& rate_of,
              double gradient_scale = 1) {
    ++steps;
    P::for_each(
        [&](const tensor_info& info, auto& p, const auto& g, auto& m1, auto& v1, auto& exact) {
          const double rate = rate_of(info);
          if (!(rate > 0)) return;
          require(g.sizes() == p.sizes(), "adamw: the gradient of ", info.name,
                  " has another shape");
          require(m1.sizes() == p.sizes() && v1.sizes() == p.sizes(), "adamw: the moments of ",
                  info.name, " have another shape; start() was not called for this model");
          using T = typename std::remove_cvref_t<decltype(p)>::element_type;
          const auto step = make_adamw_step<real_t<T>>(options, steps, rate, gradient_scale);
          if constexpr (has_master) {
            adamw_on<T>(b, step, p.flat(), g.flat(), m1.flat(), v1.flat(), exact.flat());
          } else {
            ops::elementwise<T>(b, step, ops::outputs(p.flat(), m1.flat(), v1.flat()),
                                ops::inputs(p.flat(), g.flat(), m1.flat(), v1.flat()));
          }
        },
        params, gradients, m, v, exact_values());
  }

 private:
  template <backend B, class Trained>
  void reset(B& b, const P& params, const Trained& trained) {
    m = M{};
    v = M{};
    allocate_like(b, params, m, trained);
    allocate_like(b, params, v, trained);
    steps = 0;
  }

  /// What stands in the place of the master in for_each.
  M& exact_values() {
    if constexpr (has_master) return master;
    return m;
  }
};

}  // namespace radlads::optim
