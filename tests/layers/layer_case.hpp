// SPDX-License-Identifier: Apache-2.0
#pragma once
// What every layer on rows must hold: gradients of x and of all parameters, parameter gradients
// that add, an input gradient that is overwritten or left out.

#include "layers/named_values.hpp"
#include "ops/tensor_values.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/cpu.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace radlads::test {

/// Where a layer's own backward adds to dx, the sums start here.
inline constexpr double dx_start = 0.25;

/// A layer with parameters and x from `point`, run on its own backend memory.
template <class Layer, class T>
struct layer_run {
  cpu_backend& b;
  typename Layer::config config;
  typename Layer::template params<T, cpu_backend> params, grads;
  typename Layer::template saved<T, cpu_backend> saved;
  tensor<T, 2, cpu_backend> x, y, dx;
  std::vector<double> weights;

  layer_run(cpu_backend& backend, const typename Layer::config& c, std::int64_t rows,
            std::int64_t width, const named_values<T>& point)
      : b(backend), config(c) {
    params.allocate(b, c);
    set_by_name(point, params);
    allocate_like(b, params, grads);
    x = filled<T, 2>(b, {rows, width}, point.at("x"));
    y.resize(b, {rows, Layer::out_width(c)});
    dx.resize(b, x.sizes());
    for (std::int64_t i = 0; i < dx.size(); ++i) dx.data()[i] = T(dx_start);
    weights = random_values(y.size(), 4321);
  }

  T loss() {
    Layer::template forward<T, cpu_backend>(b, config, params, x, y, saved);
    return weighted_sum(weights, y);
  }
  void backward(bool wants_dx = true) {
    const auto dy = filled<T, 2>(b, y.sizes(), weights);
    Layer::template backward<T, cpu_backend>(b, config, params, saved, x, dy,
                                             wants_dx ? dx.whole() : view<T, 2>{}, grads);
  }
};

/// Random x (rows, width) and parameters.
template <class Layer>
named_values<double> layer_point(cpu_backend& b, const typename Layer::config& c, std::int64_t rows,
                                 std::int64_t width) {
  typename Layer::template params<double, cpu_backend> p;
  p.allocate(b, c);
  named_values<double> point{{"x", random_values(rows * width, 99)}};
  add_random_values(p, point);
  return point;
}

/// `dx_adds` is true for the layers whose documentation says that backward adds to dx.
template <class Layer>
void check_layer(const typename Layer::config& c, std::int64_t rows, std::int64_t width,
                 bool dx_adds = false) {
  cpu_backend b({.threads = 2, .poison = true});
  const named_values<double> point = layer_point<Layer>(b, c, rows, width);
  layer_run<Layer, double> run(b, c, rows, width, point);
  run.loss();
  run.backward();
  named_values<double> gradients = values_by_name<double>(run.grads);
  gradients["x"] = values_of(run.dx);
  if (dx_adds) {
    for (double& each : gradients["x"]) each -= dx_start;
  }
  expect_gradients(point, gradients, [&](const named_values<complex>& at) {
    return layer_run<Layer, complex>(b, c, rows, width, at).loss();
  });

  const std::vector<double> first_dx = values_of(run.dx);
  run.backward();
  if (!dx_adds) {
    EXPECT_EQ(values_of(run.dx), first_dx) << "the second backward changed dx";
  }
  for (const auto& [name, twice] : values_by_name<double>(run.grads)) {
    std::vector<double> expected = gradients.at(name);
    for (double& each : expected) each *= 2;
    EXPECT_LT(relative_error(twice, expected), 1e-14) << name << " does not add";
  }

  layer_run<Layer, double> without(b, c, rows, width, point);
  without.loss();
  without.backward(false);
  for (const auto& [name, found] : values_by_name<double>(without.grads)) {
    EXPECT_EQ(found, gradients.at(name)) << name << " differs when dx is not wanted";
  }
}

/// Zero rows: nothing to do, and nothing that crashes.
template <class Layer>
void check_no_rows(const typename Layer::config& c, std::int64_t width) {
  cpu_backend b({.threads = 2, .poison = true});
  const named_values<double> point = layer_point<Layer>(b, c, 0, width);
  layer_run<Layer, double> run(b, c, 0, width, point);
  EXPECT_EQ(run.loss(), 0);
  run.backward();
  for (const auto& [name, found] : values_by_name<double>(run.grads)) {
    EXPECT_EQ(found, std::vector<double>(found.size(), 0)) << name;
  }
}

}  // namespace radlads::test
