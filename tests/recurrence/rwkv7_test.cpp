// SPDX-License-Identifier: Apache-2.0
// RWKV-7's cell inside the balanced RAD-RWKV7 layer: published vectors, to every digit printed.

#include "radlads/recurrence/rwkv7.hpp"
#include "recurrence/published_vectors.hpp"
#include "recurrence/scan_case.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <vector>

namespace radlads::test {

/// The layer's own formulas around the recurrence, one head of four channels and six tokens.
struct rad_rwkv7_vectors {
  std::vector<double> d = published_wave(.2, .3, .8), pre = published_wave(.7, .9, .4),
                      k = published_wave(.4, .5, .9), w = d, iclr = d, kappa = d, norm = d;
  scan_data<recurrence::rwkv7, double> data{{1, 6, 1, 4, 4}, {}, {}, {}, {}, {}};

  rad_rwkv7_vectors() {
    for (auto& input : data.inputs) input.resize(24);
    for (std::size_t t = 0; t < 6; ++t) {
      double square = 0;
      for (std::size_t j = 0; j < 4; ++j) square += k[t * 4 + j] * k[t * 4 + j];
      for (std::size_t j = 0; j < 4; ++j) put(t * 4 + j, std::sqrt(square));
    }
    data.inputs[recurrence::rwkv7::r] = published_wave(.1, .7, 1.3);
    data.v = published_wave(.9, 1.1, .6);
    data.dy = published_wave(1.7, .2, .5);
    data.dfinal.assign(16, 0);
    // The published state is value x key, ours key x value.
    for (int j = 0; j < 4; ++j) {
      for (int i = 0; i < 4; ++i) data.initial.push_back(0.5 * std::sin(0.3 + 0.5 * i + 0.7 * j));
    }
  }

  void put(std::size_t n, double key_norm) {
    d[n] = 2 * d[n] - 1;
    const double log_w = -std::exp(-0.5) / (1 + std::exp(-d[n]));
    w[n] = std::exp(log_w);
    iclr[n] = 1 / (1 + std::exp(-pre[n]));
    norm[n] = key_norm;
    kappa[n] = k[n] / key_norm;
    data.inputs[recurrence::rwkv7::w][n] = log_w;
    data.inputs[recurrence::rwkv7::k][n] = k[n] * (1 - w[n] + iclr[n]);
    data.inputs[recurrence::rwkv7::a][n] = -kappa[n];
    data.inputs[recurrence::rwkv7::b][n] = kappa[n] * iclr[n];
  }
};

TEST(rwkv7, forward_has_the_published_digits) {
  cpu_backend backend({.threads = 1, .poison = true});
  const rad_rwkv7_vectors layer;
  const auto out = run_forward(backend, layer.data);
  expect_published(token(layer.w, 0), {.80690353, .66832818, .64590865, .73494032});
  expect_published(token(out.y, 0), {.83759659, 1.25465316, 1.22224315, .76745628});
  expect_published(token(out.y, 5), {.45042421, .64466195, .61864860, .37919889});
  expect_published(column(out.final_state, 0), {-.31534832, -.10359731, .24542724, .24465788});
  expect_published(column(out.final_state, 3), {.12083811, -.61161731, -.73812797, -.24471579});
  expect_published({total(out.final_state), loss(layer.data, out)}, {-3.56007303, .94861250});
}

TEST(rwkv7, gradients_have_the_published_digits) {
  cpu_backend backend({.threads = 1, .poison = true});
  const auto found = run_backward(backend, rad_rwkv7_vectors().data);
  const auto expect = [](const std::vector<double>& gradient, const std::vector<double>& third,
                         double sum) {
    expect_published(token(gradient, 2), third);
    expect_published({total(gradient)}, {sum});
  };
  using cell = recurrence::rwkv7;
  expect(found.inputs[cell::r], {.18794657, .71850394, .71717696, .21792113}, 14.67913413);
  expect(found.inputs[cell::k], {.52812994, -.91369878, -1.24153574, 1.08552984}, .55491088);
  expect(found.v, {1.05099049, .79996606, .35308203, -.18024879}, 7.66906930);
  expect(found.inputs[cell::a], {.40378854, .76460371, .58412870, .07806375}, 5.86177078);
  expect(found.inputs[cell::b], {-1.80335897, .69671445, 2.50557270, -.17596456}, 2.64053700);
  expect(found.inputs[cell::w], {.81957207, -.44403650, -1.20118683, -.17537058}, -4.85403320);
  expect_published(column(found.initial, 0), {.45291326, .36760776, -.55242137, -.89697378});
  expect_published({total(found.initial)}, {-2.36835828});
}

TEST(rwkv7, gradients_of_the_layer_have_the_published_digits) {
  cpu_backend backend({.threads = 1, .poison = true});
  const rad_rwkv7_vectors x;
  const auto found = run_backward(backend, x.data);
  using cell = recurrence::rwkv7;
  const auto& dbalanced = found.inputs[cell::k];
  std::vector<double> dk(24), dd(24), dalpha(24), dkappa(24);
  for (std::size_t n = 0; n < 24; ++n) {
    dkappa[n] = -found.inputs[cell::a][n] + found.inputs[cell::b][n] * x.iclr[n];
    const double diclr = found.inputs[cell::b][n] * x.kappa[n] + dbalanced[n] * x.k[n];
    dalpha[n] = diclr * x.iclr[n] * (1 - x.iclr[n]);
    const double dlog_w = found.inputs[cell::w][n] - dbalanced[n] * x.k[n] * x.w[n];
    dd[n] = dlog_w * std::log(x.w[n]) / (1 + std::exp(x.d[n]));
  }
  for (std::size_t n = 0; n < 24; ++n) {
    double along = 0;
    for (std::size_t j = n / 4 * 4; j < n / 4 * 4 + 4; ++j) along += x.kappa[j] * dkappa[j];
    dk[n] = dbalanced[n] * (1 - x.w[n] + x.iclr[n]) + (dkappa[n] - x.kappa[n] * along) / x.norm[n];
  }
  expect_published(token(dk, 2), {-.02783014, -.69345379, -.59054091, .02014096});
  expect_published(token(dd, 2), {-.06647311, .00079589, .18411070, -.06642987});
  expect_published(token(dalpha, 2), {-.15510260, -.08159860, -.00649239, -.18454068});
  expect_published({total(dk), total(dd), total(dalpha)}, {.79540379, .63636145, -.46727299});
}

}  // namespace radlads::test
