// SPDX-License-Identifier: Apache-2.0
// A mixer of one's own: retention_mixer.hpp holds it. Here the compiler says whether anything is
// missing, and the complex step whether its backward is right; 04_hybrid.cpp puts it into a model.

#include "radlads/cpu.hpp"
#include "retention_mixer.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <iostream>
#include <string>

// Without backward, for one, the compiler says: a mixer needs: static void backward(...).
static_assert(radlads::layers::check_mixer<retention_mixer>());

using cpu = radlads::cpu_backend;

namespace {

constexpr std::int64_t batch = 2, tokens = 20, hidden = 12;

radlads::layers::mixer_config description() {
  radlads::layers::mixer_config c;
  c.hidden = hidden;
  c.heads = 4;
  c.kv_heads = 2;
  c.head_size = 6;
  return retention_mixer::configure(c, {});
}

double weight(std::int64_t i) { return std::cos(static_cast<double>(i)); }

/// The mixer with weights and input of its own, for scalar S.
template <class S>
struct mixer_run {
  retention_mixer::params<S, cpu> params, grads;
  retention_mixer::saved<S, cpu> saved;
  radlads::tensor<S, 3, cpu> x, y, dx;

  explicit mixer_run(cpu& b) {
    params.allocate(b, description());
    params.for_each(
        [&](const std::string& name, auto& each) {
          radlads::layers::fill_normal(b, each, 0.4, {1, radlads::stream_of(name)});
        },
        params);
    radlads::allocate_like(b, params, grads);
    for (auto* each : {&x, &y, &dx}) each->resize(b, {batch, tokens, hidden});
    radlads::layers::fill_normal(b, x, 1, {1, radlads::stream_of("x")});
  }
  /// The sum of the outputs, each with a weight of its own.
  S loss(cpu& b) {
    saved.is_training = true;
    retention_mixer::forward<S, cpu>(b, description(), params, {x, {}}, y, nullptr, saved);
    S total(0);
    for (std::int64_t i = 0; i < y.size(); ++i) total += y.data()[i] * weight(i);
    return total;
  }
  void backward(cpu& b) {
    radlads::tensor<S, 3, cpu> dy(b, y.sizes());
    for (std::int64_t i = 0; i < dy.size(); ++i) dy.data()[i] = S(weight(i));
    retention_mixer::backward<S, cpu>(b, description(), params, saved, {x, {}}, dy, {dx, {}},
                                      grads);
  }
};

}  // namespace

int main() {
  cpu b;
  mixer_run<double> mixer(b);
  mixer.loss(b);
  mixer.backward(b);

  constexpr double h = 1e-50;
  mixer_run<std::complex<double>> moved(b);
  double error = 0, size = 0;
  std::int64_t derivatives = 0;
  const auto compare = [&](auto& numbers, const auto& gradient) {
    for (std::int64_t i = 0; i < numbers.size(); ++i, ++derivatives) {
      numbers.data()[i].imag(h);
      const double derivative = moved.loss(b).imag() / h;
      numbers.data()[i].imag(0);
      error += std::pow(gradient.data()[i] - derivative, 2);
      size += derivative * derivative;
    }
  };
  compare(moved.x, mixer.dx);
  compare(moved.params.q.weight, mixer.grads.q.weight);
  compare(moved.params.k.weight, mixer.grads.k.weight);
  compare(moved.params.v.weight, mixer.grads.v.weight);
  compare(moved.params.o.weight, mixer.grads.o.weight);

  const double relative = std::sqrt(error / size);
  std::cout << "Over " << derivatives << " derivatives of the mixer '" << retention_mixer::name
            << "', backward and the complex step differ by " << relative << " of their length.\n";
  return relative < 1e-12 ? 0 : 1;
}
