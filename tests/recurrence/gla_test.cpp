// SPDX-License-Identifier: Apache-2.0
// The cell of gated linear attention inside the balanced RAD-RWKV6 layer: published vectors, to
// every digit printed.

#include "radlads/recurrence/gla.hpp"
#include "recurrence/published_vectors.hpp"
#include "recurrence/scan_case.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace radlads::test {

// The scale of one half multiplies the queries, so the published dq is half of ours.
inline scan_data<recurrence::gla, double> rad_rwkv6_vectors() {
  scan_data<recurrence::gla, double> data{{1, 6, 1, 4, 4}, {}, {}, {}, {}, {}};
  data.inputs[recurrence::gla::r] = published_wave(.1, .7, 1.3);
  data.inputs[recurrence::gla::w] = published_wave(.2, .3, .8);
  data.inputs[recurrence::gla::k] = published_wave(.4, .5, .9);
  data.v = published_wave(.9, 1.1, .6);
  data.dy = published_wave(1.7, .2, .5);
  data.dfinal.assign(16, 0);
  for (std::size_t n = 0; n < 24; ++n) {
    double& log_w = data.inputs[recurrence::gla::w][n];
    log_w = std::max(-std::exp(2 * log_w - 1), -5.0);
    data.inputs[recurrence::gla::k][n] *= 1 - std::exp(log_w);
    data.inputs[recurrence::gla::r][n] *= 0.5;
  }
  for (int j = 0; j < 4; ++j) {
    for (int i = 0; i < 4; ++i) data.initial.push_back(0.5 * std::sin(0.3 + 0.5 * j + 0.7 * i));
  }
  return data;
}

TEST(gla, forward_has_the_published_digits) {
  cpu_backend backend({.threads = 1, .poison = true});
  const auto out = run_forward(backend, rad_rwkv6_vectors());
  expect_published(token(out.y, 5), {.07218155, .20679556, .26749380, .23491330});
  expect_published({total(out.final_state)}, {-.03621291});
}

TEST(gla, gradients_have_the_published_digits) {
  cpu_backend backend({.threads = 1, .poison = true});
  auto found = run_backward(backend, rad_rwkv6_vectors());
  for (double& value : found.inputs[recurrence::gla::r]) value *= 0.5;
  using cell = recurrence::gla;
  expect_published(token(found.inputs[cell::r], 2), {.14186541, .09706410, .06863046, -.05537640});
  expect_published(token(found.inputs[cell::k], 2), {.10750955, .00876658, -.29490270, .53440195});
  expect_published(token(found.v, 2), {.50716387, .32995357, .07195914, -.20365340});
  expect_published(token(found.inputs[cell::w], 2), {.08598898, .01227466, -.09484619, -.00036157});
  expect_published({total(found.initial), total(found.inputs[cell::w])}, {-.16359156, -.55935570});
}

}  // namespace radlads::test
