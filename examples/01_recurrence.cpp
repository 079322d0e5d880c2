// SPDX-License-Identifier: Apache-2.0
// Runs recurrences over a sequence: what their memories hold, and that a sequence may be read at
// once or token by token.

#include "radlads/core/random.hpp"
#include "radlads/gla.hpp"
#include "radlads/rwkv7.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <iostream>

using cpu = radlads::cpu_backend;
using tensor = radlads::tensor<float, 4, cpu>;
using radlads::recurrence::gla;
using radlads::recurrence::rwkv7;

namespace {

// Three tokens for one head with keys of width 4 and values of width 1: token 0 stores 1 under a
// key, token 1 stores 2 under the same key, token 2 stores nothing and asks for what the key holds.
struct two_writes {
  tensor r, log_w, k, a, b, v, y;

  explicit two_writes(cpu& on) {
    for (tensor* each : {&r, &log_w, &k, &a, &b}) {
      each->resize(on, {1, 3, 1, 4});
      radlads::set_zero<float, 4, cpu>(on, *each);
    }
    v.resize(on, {1, 3, 1, 1});
    y.resize(on, v.sizes());
    v.data()[0] = 1;
    v.data()[1] = 2;
    v.data()[2] = 0;
    const float key[] = {0.5f, -0.5f, 0.5f, 0.5f};  // of length one
    for (std::int64_t j = 0; j < 4; ++j) {
      for (std::int64_t t = 0; t < 2; ++t) {
        k.whole()(0, t, 0, j) = key[j];
        a.whole()(0, t, 0, j) = -key[j];  // removes what the key held ...
        b.whole()(0, t, 0, j) = key[j];   // ... along the key
      }
      r.whole()(0, 2, 0, j) = key[j];
    }
  }
};

// Many tokens of random numbers, for two heads of width 8.
tensor random_tensor(cpu& on, std::int64_t tokens, std::uint64_t stream, float scale) {
  tensor result(on, {1, tokens, 2, 8});
  const radlads::random_stream numbers{1, stream};
  for (std::int64_t i = 0; i < result.size(); ++i) {
    result.data()[i] = scale * static_cast<float>(numbers.normal(static_cast<std::uint64_t>(i)));
  }
  return result;
}

// The token t alone: the same memory, seen as a sequence of one.
radlads::view<float, 4> token(tensor& from, std::int64_t t) {
  return {from.whole().row(0, t, 0), {1, 1, from.extent(2), from.extent(3)}};
}

}  // namespace

int main() {
  cpu on;

  two_writes story(on);
  radlads::recurrence::scan_forward<rwkv7, float>(
      on, {story.r, story.log_w, story.k, story.a, story.b}, story.v, story.y, {}, {}, {});
  const float replaced = story.y.data()[2];
  radlads::recurrence::scan_forward<gla, float>(on, {story.r, story.log_w, story.k}, story.v,
                                                story.y, {}, {}, {});
  const float added = story.y.data()[2];
  std::cout << "After writing 1 and then 2 under one key, RWKV-7 reads " << replaced
            << " and gated linear attention " << added << ".\n";

  constexpr std::int64_t tokens = 100;
  tensor r = random_tensor(on, tokens, 0, 1), k = random_tensor(on, tokens, 1, 0.3f);
  tensor a = random_tensor(on, tokens, 2, 0.2f), b = random_tensor(on, tokens, 3, 0.2f);
  tensor v = random_tensor(on, tokens, 4, 1), log_w(on, r.sizes()), y(on, v.sizes());
  std::fill(log_w.data(), log_w.data() + log_w.size(), std::log(0.9f));
  radlads::recurrence::scan_forward<rwkv7, float>(on, {r, log_w, k, a, b}, v, y, {}, {}, {});

  tensor state(on, radlads::recurrence::state_shape(1, 2, 8, 8)), one(on, {1, 1, 2, 8});
  radlads::set_zero<float, 4, cpu>(on, state);
  float difference = 0;
  for (std::int64_t t = 0; t < tokens; ++t) {
    const std::array<radlads::view<const float, 4>, rwkv7::inputs> inputs{
        token(r, t), token(log_w, t), token(k, t), token(a, t), token(b, t)};
    radlads::recurrence::scan_step<rwkv7, float>(on, inputs, token(v, t), one, state);
    for (std::int64_t i = 0; i < one.size(); ++i) {
      difference = std::max(difference, std::abs(one.data()[i] - token(y, t).data()[i]));
    }
  }
  std::cout << tokens << " tokens at once and one by one differ by " << difference
            << "; the state is " << state.size() * 4
            << " bytes, however many tokens it has read.\n";
  const bool is_right =
      std::abs(replaced - 2) < 1e-6f && std::abs(added - 3) < 1e-6f && difference < 1e-4f;
  return is_right ? 0 : 1;
}
