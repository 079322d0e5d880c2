// SPDX-License-Identifier: Apache-2.0
// Three mixers in one stack, chosen by name, one of them from outside the library. The model learns
// to repeat a pattern of four tokens, then continues one from its state, token by token.

#include "radlads/models/language_model.hpp"
#include "radlads/ops/cross_entropy.hpp"
#include "radlads/optim.hpp"
#include "radlads/rad_rwkv7.hpp"
#include "radlads/softmax_attention.hpp"
#include "retention_mixer.hpp"

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <numeric>
#include <vector>

using cpu = radlads::cpu_backend;
using radlads::view;
using hybrid = radlads::models::language_model<float, cpu, radlads::layers::attention_mixer,
                                               radlads::layers::rad_rwkv7_mixer, retention_mixer>;

namespace {

constexpr std::int64_t batch = 16, tokens = 24, period = 4, vocabulary = 8;

radlads::models::config description() {
  radlads::models::config c;
  c.vocabulary = vocabulary;
  c.hidden = 32;
  c.intermediate = 48;
  c.heads = 4;
  c.kv_heads = 2;
  c.head_size = 8;
  c.mixers = {"rad_rwkv7", "attention", "retention"};
  c.layers = static_cast<std::int64_t>(c.mixers.size());
  return c;
}

/// Rows of `tokens` ids that repeat their first four, and what follows each; the tokens of the
/// first period cannot be known and are not scored.
struct task {
  std::vector<std::int32_t> ids, targets;

  explicit task(std::uint64_t round) {
    const radlads::random_stream numbers{3, round};
    for (std::int64_t row = 0; row < batch; ++row) {
      const auto at = [&](std::int64_t t) {
        const auto index = static_cast<std::uint64_t>(row * period + t % period);
        return static_cast<std::int32_t>(numbers.uniform(index) * vocabulary);
      };
      for (std::int64_t t = 0; t < tokens; ++t) {
        ids.push_back(at(t));
        targets.push_back(t + 1 < period ? -1 : at(t + 1));
      }
    }
  }
};

/// One step of training; returns the loss per scored token, in nats.
double train(cpu& b, hybrid& model, radlads::optim::adamw<hybrid::params>& adam,
             hybrid::params& grads, hybrid::saved& saved, std::uint64_t round) {
  const task work(round);
  const view<const std::int32_t, 2> ids(work.ids.data(), {batch, tokens});
  const view<const std::int32_t, 1> targets(work.targets.data(), {batch * tokens});
  const auto scored = static_cast<float>(batch * (tokens - period + 1));
  saved.layers.is_training = true;
  model.forward(b, ids, nullptr, saved);
  radlads::set_zero_all(b, grads);
  radlads::tensor<float, 2, cpu> dnormed(b, saved.normed.sizes());
  radlads::tensor<float, 1, cpu> losses(b, {batch * tokens});
  radlads::ops::head_cross_entropy<float>(b, 1 / scored, hybrid::head_of(model.weights),
                                          saved.normed, targets, losses, {}, dnormed,
                                          hybrid::head_of(grads));
  model.backward(b, ids, dnormed, saved, grads);
  adam.update(b, model.weights, grads, radlads::optim::group_rates{3e-3});
  return std::accumulate(losses.data(), losses.data() + losses.size(), 0.0) /
         static_cast<double>(scored);
}

}  // namespace

int main() {
  cpu b;
  hybrid model;
  model.build(b, description());
  model.initialise(b, 1337);
  radlads::optim::adamw<hybrid::params> adam;
  adam.start(b, model.weights);
  hybrid::params grads;
  radlads::allocate_like(b, model.weights, grads);
  hybrid::saved saved;
  double loss = train(b, model, adam, grads, saved, 0);
  std::cout << "The loss starts at " << loss << " nats a token; guessing costs ln 8 = 2.079.\n";
  for (std::uint64_t round = 1; round < 300; ++round) {
    loss = train(b, model, adam, grads, saved, round);
  }
  std::cout << "After 300 steps it is " << loss << ".\n";

  const std::int32_t pattern[] = {3, 1, 4, 2};
  hybrid::state state = model.make_state(b, 1);
  hybrid::saved step;
  radlads::tensor<float, 2, cpu> logits(b, {1, vocabulary});
  std::int32_t next = 0;
  int right = 0;
  std::cout << "3 1 4 2 3 1 4 2 continues with";
  for (std::int64_t t = 0; t < 2 * period + 11; ++t) {
    const std::int32_t token = t < 2 * period ? pattern[t % period] : next;
    model.forward(b, {&token, {1, 1}}, &state, step);
    model.logits(b, step, logits);
    next = static_cast<std::int32_t>(std::max_element(logits.data(), logits.data() + vocabulary) -
                                     logits.data());
    if (t + 1 < 2 * period) continue;
    std::cout << ' ' << next;
    right += next == pattern[(t + 1) % period] ? 1 : 0;
  }
  std::cout << "\n"
            << right << " of 12 are right; the state holds " << state.bytes() << " bytes.\n";
  return right == 12 ? 0 : 1;
}
