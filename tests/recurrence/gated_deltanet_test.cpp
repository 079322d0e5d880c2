// SPDX-License-Identifier: Apache-2.0
// The cell of Gated DeltaNet: published vectors, to every digit printed, and what the delta rule is
// for.

#include "radlads/recurrence/gated_deltanet.hpp"
#include "recurrence/published_vectors.hpp"
#include "recurrence/scan_case.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <vector>

namespace radlads::test {

// The scale of one half multiplies the queries, so the published dq is half of ours.
inline scan_data<recurrence::gated_deltanet, double> gated_deltanet_vectors() {
  using cell = recurrence::gated_deltanet;
  scan_data<cell, double> data{{1, 6, 1, 4, 4}, {}, {}, {}, {}, {}};
  data.inputs[cell::r] = published_wave(.1, .7, 1.3);
  data.inputs[cell::k] = published_wave(.4, .5, .9);
  for (double& value : data.inputs[cell::r]) value *= 0.5;
  const std::vector<double> d = published_wave(.2, .3, .8), pre = published_wave(.7, .9, .4);
  for (std::size_t t = 0; t < 6; ++t) {
    double square = 0;
    for (std::size_t j = 0; j < 4; ++j)
      square += data.inputs[cell::k][t * 4 + j] * data.inputs[cell::k][t * 4 + j];
    for (std::size_t j = 0; j < 4; ++j) data.inputs[cell::k][t * 4 + j] /= std::sqrt(square);
    data.inputs[cell::g].push_back(-std::exp(2 * d[t * 4] - 1));
    data.inputs[cell::b].push_back(1 / (1 + std::exp(-pre[t * 4])));
  }
  data.v = published_wave(.9, 1.1, .6);
  data.dy = published_wave(1.7, .2, .5);
  data.dfinal.assign(16, 0);
  for (int j = 0; j < 4; ++j) {
    for (int i = 0; i < 4; ++i) data.initial.push_back(0.5 * std::sin(0.3 + 0.5 * j + 0.7 * i));
  }
  return data;
}

TEST(gated_deltanet, forward_has_the_published_digits) {
  cpu_backend backend({.threads = 1, .poison = true});
  const auto out = run_forward(backend, gated_deltanet_vectors());
  expect_published(token(out.y, 5), {.00595935, .00244711, -.00192010, -.00561676});
  expect_published({total(out.final_state)}, {-1.16116138});
}

TEST(gated_deltanet, gradients_have_the_published_digits) {
  using cell = recurrence::gated_deltanet;
  cpu_backend backend({.threads = 1, .poison = true});
  const auto found = run_backward(backend, gated_deltanet_vectors());
  expect_published(found.inputs[cell::g],
                   {-.11893435, -.11808179, -.02483540, -.00434132, -.00171374, .00634629});
  expect_published(found.inputs[cell::b],
                   {.50056041, .62387560, -.00280682, -.32667398, -.16062192, .00664331});
  expect_published(token(found.inputs[cell::k], 2),
                   {-.04083531, -.07932207, -.05706726, .01237710});
  expect_published({total(found.initial)}, {-.33298751});
}

TEST(gated_deltanet, a_key_written_twice_answers_with_the_last_value) {
  using cell = recurrence::gated_deltanet;
  scan_data<cell, double> data{{1, 2, 1, 4, 3}, {}, {}, {}, {}, {}};
  const std::vector<double> key{0.5, -0.5, 0.5, 0.5};
  for (int t = 0; t < 2; ++t) {
    data.inputs[cell::r].insert(data.inputs[cell::r].end(), key.begin(), key.end());
    data.inputs[cell::k].insert(data.inputs[cell::k].end(), key.begin(), key.end());
  }
  data.inputs[cell::g] = {0, 0};
  data.inputs[cell::b] = {1, 1};
  data.v = {1, 2, 3, -4, 5, 0.25};
  data.initial.assign(12, 0);
  cpu_backend backend({.threads = 1, .poison = true});
  EXPECT_EQ(run_forward(backend, data).y, data.v);
}

}  // namespace radlads::test
