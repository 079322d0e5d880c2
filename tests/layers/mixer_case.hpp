// SPDX-License-Identifier: Apache-2.0
#pragma once
// One mixer at one point, and what every mixer must hold: gradients of x, v_first and all
// parameters, the contract of gradients, and outputs that do not depend on how a sequence is cut
// into calls.

#include "layers/named_values.hpp"
#include "ops/tensor_values.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/cpu.hpp"
#include "radlads/layers/mixer_config.hpp"
#include "radlads/layers/mixer_input.hpp"
#include "reference/projections.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {

/// Small sizes with heads that are no multiple of anything, and ranks to match.
inline layers::mixer_config small_mixer(std::int64_t heads, std::int64_t kv_heads,
                                        std::int64_t head_size, std::int64_t hidden = 12) {
  layers::mixer_config c;
  c.hidden = hidden;
  c.heads = heads;
  c.kv_heads = kv_heads;
  c.head_size = head_size;
  c.layer = 1;
  c.layers = 3;
  return c;
}
inline layers::mixer_options small_ranks() {
  layers::mixer_options o;
  o.rank_decay = 3;
  o.rank_iclr = 2;
  o.rank_value_mix = 4;
  o.rank_gate = 5;
  o.rank_token_shift = 2;
  return o;
}

inline reference::mixer_sizes reference_sizes(const layers::mixer_config& c) {
  reference::mixer_sizes s;
  s.hidden = static_cast<std::size_t>(c.hidden);
  s.heads = static_cast<std::size_t>(c.heads);
  s.kv_heads = static_cast<std::size_t>(c.kv_heads);
  s.head_size = static_cast<std::size_t>(c.head_size);
  s.rope_base = c.rope_base;
  s.rope_divisor = c.rope_scaling.factor;
  s.norm_epsilon = c.norm_epsilon;
  s.use_rope = c.use_rope;
  s.qk_norm = c.qk_norm;
  s.balance_state = c.balance_state;
  s.group_norm = c.group_norm;
  s.token_shift = c.token_shift;
  s.gate_rank_type = c.gate_rank_type;
  return s;
}

/// A mixer with its parameters, x (B, T, C) and v_first (B, T, D_a) from `point`.
template <class Mixer, class T>
struct mixer_run {
  using B = cpu_backend;
  static constexpr double dv_first_start = 0.125;

  B& b;
  layers::mixer_config config;
  typename Mixer::template params<T, B> params, grads;
  typename Mixer::template saved<T, B> saved;
  tensor<T, 3, B> x, v_first, y, dx, dv_first;
  std::vector<double> weights, v_first_weights;

  mixer_run(B& backend, const layers::mixer_config& c, std::int64_t batch, std::int64_t tokens,
            const named_values<T>& point)
      : b(backend), config(c) {
    params.allocate(b, c);
    set_by_name(point, params);
    allocate_like(b, params, grads);
    x = filled<T, 3>(b, {batch, tokens, c.hidden}, point.at("x"));
    v_first.resize(b, {batch, tokens, c.attention_width()});
    if (reads_v_first(c)) v_first = filled<T, 3>(b, v_first.sizes(), point.at("v_first"));
    y.resize(b, x.sizes());
    dx.resize(b, x.sizes());
    weights = random_values(y.size(), 4321);
    v_first_weights = random_values(v_first.size(), 4322);
  }

  static bool reads_v_first(const layers::mixer_config& c) {
    return Mixer::uses_v_first && !c.provides_v_first;
  }

  /// Without a state: the whole sequence at once.
  void forward() {
    saved.is_training = true;
    Mixer::template forward<T, B>(b, config, params, {x, v_first}, y, nullptr, saved);
  }
  /// What a provider of v_first hands on has its own part in the loss.
  T loss() {
    forward();
    T total = weighted_sum(weights, y);
    if (config.provides_v_first) total += weighted_sum(v_first_weights, v_first);
    return total;
  }
  void backward(bool wants_dx = true) {
    const auto dy = filled<T, 3>(b, y.sizes(), weights);
    if (config.provides_v_first) {
      dv_first = filled<T, 3>(b, v_first.sizes(), v_first_weights);
    } else if (dv_first.empty()) {
      const std::vector<double> start(v_first_weights.size(), dv_first_start);
      dv_first = filled<T, 3>(b, v_first.sizes(), start);
    }
    Mixer::template backward<T, B>(b, config, params, saved, {x, v_first}, dy,
                                   {wants_dx ? dx.whole() : view<T, 3>{}, dv_first}, grads);
  }
};

/// Random inputs and parameters. Norm weights are about one, so that no head vanishes.
template <class Mixer>
named_values<double> mixer_point(cpu_backend& b, const layers::mixer_config& c, std::int64_t batch,
                                 std::int64_t tokens) {
  typename Mixer::template params<double, cpu_backend> p;
  p.allocate(b, c);
  named_values<double> point{{"x", random_values(batch * tokens * c.hidden, 99)}};
  if (mixer_run<Mixer, double>::reads_v_first(c)) {
    point["v_first"] = random_values(batch * tokens * c.attention_width(), 98);
  }
  add_random_values(p, point);
  for (auto& [name, values] : point) {
    if (!name.ends_with("norm.weight")) continue;
    for (double& each : values) each += 1;
  }
  return point;
}

template <class Mixer>
void check_mixer_gradients(const layers::mixer_config& c, std::int64_t batch, std::int64_t tokens,
                           const named_values<double>& point) {
  cpu_backend b({.threads = 2, .poison = true});
  mixer_run<Mixer, double> run(b, c, batch, tokens, point);
  run.loss();
  run.backward();
  named_values<double> gradients = values_by_name<double>(run.grads);
  gradients["x"] = values_of(run.dx);
  if (run.reads_v_first(c)) {
    gradients["v_first"] = values_of(run.dv_first);
    for (double& each : gradients["v_first"]) each -= run.dv_first_start;
  }
  expect_gradients(point, gradients, [&](const named_values<complex>& at) {
    return mixer_run<Mixer, complex>(b, c, batch, tokens, at).loss();
  });
}

template <class Mixer>
void check_mixer_gradients(const layers::mixer_config& c, std::int64_t batch = 2,
                           std::int64_t tokens = 5) {
  cpu_backend b({.threads = 2, .poison = true});
  check_mixer_gradients<Mixer>(c, batch, tokens, mixer_point<Mixer>(b, c, batch, tokens));
}

/// Parameter gradients add, dx is overwritten and may be left out, dv_first adds for readers and is
/// left alone by everybody else, v_first is written by its provider only.
template <class Mixer>
void check_mixer_contract(const layers::mixer_config& c) {
  cpu_backend b({.threads = 2, .poison = true});
  const named_values<double> point = mixer_point<Mixer>(b, c, 2, 5);
  mixer_run<Mixer, double> run(b, c, 2, 5, point);
  run.loss();
  const std::vector<double> v_first = values_of(run.v_first);
  if (!Mixer::uses_v_first) {
    EXPECT_TRUE(
        std::all_of(v_first.begin(), v_first.end(), [](double v) { return std::isnan(v); }));
  } else if (!c.provides_v_first) {
    EXPECT_EQ(v_first, point.at("v_first"));
  }
  run.backward();
  const named_values<double> once = values_by_name<double>(run.grads);
  const std::vector<double> dx = values_of(run.dx), dv_first = values_of(run.dv_first);
  run.backward();
  EXPECT_EQ(values_of(run.dx), dx) << "the second backward changed dx";
  for (const auto& [name, twice] : values_by_name<double>(run.grads)) {
    std::vector<double> expected = once.at(name);
    for (double& each : expected) each *= 2;
    EXPECT_LT(relative_error(twice, expected), 1e-14) << name << " does not add";
  }
  const std::vector<double> second = values_of(run.dv_first);
  for (std::size_t i = 0; i < second.size(); ++i) {
    const double added = run.reads_v_first(c) ? dv_first[i] - run.dv_first_start : 0;
    ASSERT_NEAR(second[i], dv_first[i] + added, 1e-12) << "dv_first at " << i;
  }

  mixer_run<Mixer, double> without(b, c, 2, 5, point);
  without.loss();
  without.backward(false);
  for (const auto& [name, found] : values_by_name<double>(without.grads)) {
    EXPECT_EQ(found, once.at(name)) << name << " differs when dx is not wanted";
  }
}

/// Tokens [begin, end) of (B, T, width).
template <class T>
tensor<T, 3, cpu_backend> some_tokens(cpu_backend& b, const tensor<T, 3, cpu_backend>& from,
                                      std::int64_t begin, std::int64_t end) {
  tensor<T, 3, cpu_backend> part(b, {from.extent(0), end - begin, from.extent(2)});
  for (std::int64_t row = 0; row < from.extent(0); ++row) {
    std::copy(from.read().row(row, begin),
              from.read().row(row, begin) + part.size() / from.extent(0), part.whole().row(row, 0));
  }
  return part;
}

/// The sequence in calls of these lengths with one carried state equals the sequence at once.
template <class Mixer, class T>
void check_split(const layers::mixer_config& c, const std::vector<std::int64_t>& lengths) {
  cpu_backend b({.threads = 2, .poison = true});
  std::int64_t tokens = 0;
  for (const std::int64_t length : lengths) tokens += length;
  const named_values<T> point = convert<T>(mixer_point<Mixer>(b, c, 2, tokens));
  mixer_run<Mixer, T> whole(b, c, 2, tokens, point);
  whole.forward();

  typename Mixer::template state<T, cpu_backend> state;
  state.reset(b, c, 2);
  typename Mixer::template saved<T, cpu_backend> saved;
  std::int64_t at = 0;
  for (const std::int64_t length : lengths) {
    const auto x = some_tokens(b, whole.x, at, at + length);
    auto v_first = some_tokens(b, whole.v_first, at, at + length);
    tensor<T, 3, cpu_backend> y(b, x.sizes());
    Mixer::template forward<T, cpu_backend>(b, c, whole.params, {x, v_first}, y, &state, saved);
    const auto expected = some_tokens(b, whole.y, at, at + length);
    EXPECT_LT(relative_error(values_of(y), values_of(expected)), order_tolerance<T>)
        << "tokens " << at << " to " << at + length;
    at += length;
  }
}

template <class Mixer>
void check_splits(const layers::mixer_config& c) {
  const std::vector<std::int64_t> one_by_one(19, 1);
  check_split<Mixer, double>(c, one_by_one);
  check_split<Mixer, double>(c, {19});
  check_split<Mixer, double>(c, {1, 17, 1});
  check_split<Mixer, double>(c, {7, 12});
  check_split<Mixer, float>(c, one_by_one);
  check_split<Mixer, float>(c, {16, 3});
}

/// Sequences of a batch in another order give the outputs in that order.
template <class Mixer>
void check_batch_order(const layers::mixer_config& c) {
  cpu_backend b({.threads = 2, .poison = true});
  named_values<double> point = mixer_point<Mixer>(b, c, 2, 4);
  mixer_run<Mixer, double> run(b, c, 2, 4, point);
  run.forward();
  for (const char* const name : {"x", "v_first"}) {
    const auto found = point.find(name);
    if (found == point.end()) continue;
    std::rotate(found->second.begin(),
                found->second.begin() + static_cast<std::ptrdiff_t>(found->second.size() / 2),
                found->second.end());
  }
  mixer_run<Mixer, double> swapped(b, c, 2, 4, point);
  swapped.forward();
  std::vector<double> expected = values_of(run.y);
  std::rotate(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(expected.size() / 2),
              expected.end());
  EXPECT_LT(relative_error(values_of(swapped.y), expected), order_tolerance<double>);
}

/// No sequences, or sequences without tokens: nothing to do, and nothing that crashes.
template <class Mixer>
void check_nothing(const layers::mixer_config& c) {
  cpu_backend b({.threads = 2, .poison = true});
  for (const std::int64_t batch : {0, 2}) {
    mixer_run<Mixer, double> run(b, c, batch, 0, mixer_point<Mixer>(b, c, batch, 0));
    EXPECT_EQ(run.loss(), 0.0);
    run.backward();
    for (const auto& [name, found] : values_by_name<double>(run.grads)) {
      EXPECT_EQ(found, std::vector<double>(found.size(), 0)) << name;
    }
  }
}

/// Compares forward with `mix`, which takes the weights, sizes, x (T, C) and v_first (T, D_a) of
/// one sequence and returns y (T, C).
template <class Mixer, class F>
void check_against_reference(const layers::mixer_config& c, F&& mix) {
  cpu_backend b({.threads = 2, .poison = true});
  constexpr std::int64_t batch = 2, tokens = 9;
  const named_values<double> point = mixer_point<Mixer>(b, c, batch, tokens);
  mixer_run<Mixer, double> run(b, c, batch, tokens, point);
  run.forward();
  mixer_run<Mixer, float> single(b, c, batch, tokens, convert<float>(point));
  single.forward();
  std::vector<double> expected;
  for (std::int64_t row = 0; row < batch; ++row) {
    const auto sequence = [&](const std::vector<double>& flat, std::int64_t width) {
      const auto begin = flat.begin() + row * tokens * width;
      return reference::as_matrix({begin, begin + tokens * width}, static_cast<std::size_t>(width));
    };
    reference::rows<double> v_first;
    if (run.reads_v_first(c)) v_first = sequence(point.at("v_first"), c.attention_width());
    for (const auto& each :
         mix(point, reference_sizes(c), sequence(point.at("x"), c.hidden), v_first)) {
      expected.insert(expected.end(), each.begin(), each.end());
    }
    if (c.provides_v_first) {
      EXPECT_EQ(sequence(values_of(run.v_first), c.attention_width()).size(), v_first.size());
      const auto handed = sequence(values_of(run.v_first), c.attention_width());
      for (std::size_t t = 0; t < v_first.size(); ++t) {
        EXPECT_LT(relative_error(handed[t], v_first[t]), order_tolerance<double>) << "v_first";
      }
    }
  }
  EXPECT_LT(relative_error(values_of(run.y), expected), order_tolerance<double>);
  EXPECT_LT(relative_error(values_of(single.y), expected), order_tolerance<float>);
}

}  // namespace radlads::test
