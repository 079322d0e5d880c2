// SPDX-License-Identifier: Apache-2.0
// Whole training steps of a conversion: teacher forward, student forward, loss, backward, clip,
// AdamW, on random weights. Each step takes turns with Eigen's product 16384 x 64 x 64 on the same
// threads.
//   small: the shape of stories260K, 32 rows of 512 tokens; medium: four layers 256 wide, 8 rows
//   step 1 aligns hidden states, step 2 distils logits
// Operations a token, for P matrix weights: teacher 2 P + 2 T D a layer, and 2 V C for its head in
// step 2. Student in step 1: 4 P where the layer's input is read as it is, 6 P elsewhere; in step
// 2: 6 P, head included. Recurrence, forward and backward: 27 D K (RWKV-7), 15 D K (GLA) a layer.

#include "../support/arrays.hpp"
#include "../support/turns.hpp"
#include "radlads/distill/align.hpp"
#include "radlads/distill/distillation.hpp"
#include "radlads/distill/replicas.hpp"
#include "radlads/distill/trainer.hpp"
#include "radlads/model.hpp"
#include "radlads/rad_rwkv6.hpp"
#include "radlads/rad_rwkv7.hpp"
#include "radlads/softmax_attention.hpp"
#include "radlads/transfer/weight_map.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

namespace {

using namespace radlads;
using namespace radlads::bench;

using teacher_model = models::language_model<float, cpu_backend, layers::attention_mixer>;
using student_model =
    models::language_model<float, cpu_backend, layers::rad_rwkv7_mixer, layers::rad_rwkv6_mixer>;

struct workload {
  models::config config;
  std::int64_t rows = 0, tokens = 512;
};

workload small() {
  workload w;
  w.config.vocabulary = 512;
  w.config.hidden = 64;
  w.config.intermediate = 172;
  w.config.layers = 5;
  w.config.heads = 8;
  w.config.kv_heads = 4;
  w.config.head_size = 8;
  w.config.max_positions = 512;
  w.rows = 32;
  return w;
}

workload medium() {
  workload w;
  w.config.vocabulary = 4096;
  w.config.hidden = 256;
  w.config.intermediate = 704;
  w.config.layers = 4;
  w.config.heads = 4;
  w.config.kv_heads = 2;
  w.config.head_size = 64;
  w.config.max_positions = 512;
  w.rows = 8;
  return w;
}

models::config with_mixer(models::config c, const std::string& mixer) {
  c.mixers.assign(static_cast<std::size_t>(c.layers), mixer);
  return c;
}

/// Weights of a layer's matrices by tensor name; norms, biases and gates are left out.
template <class F>
void for_each_matrix(const auto& model, F&& f) {
  std::remove_cvref_t<decltype(model)>::params::for_each(
      [&](const std::string& name, const auto& each) {
        int axes = 0;
        for (const std::int64_t extent : each.sizes()) axes += extent > 1 ? 1 : 0;
        if (axes > 1) f(name, static_cast<double>(each.size()));
      },
      model.weights);
}

bool contains(const std::string& name, const char* part) {
  return name.find(part) != std::string::npos;
}

/// Whether the mixer's own input goes through this matrix: then alignment needs no gradient of the
/// input. RAD-RWKV6 shifts its tokens first, by trained weights, so there none does.
bool reads_layer_input(const std::string& name) {
  for (const char* part : {"q_proj", "k_proj", "v_proj", "self_attn.w1", "self_attn.a1",
                           "self_attn.v1", "self_attn.g1"}) {
    if (contains(name, part)) return true;
  }
  return false;
}

double operations_of_token(const workload& w, const teacher_model& teacher,
                           const student_model& student, int stage) {
  const auto layers = static_cast<double>(w.config.layers);
  const auto width = static_cast<double>(w.config.heads * w.config.head_size);
  const std::string last = "layers." + std::to_string(w.config.layers - 1) + ".mlp";
  const bool is_seven = student.config.mixers[0] == layers::rad_rwkv7_mixer::name;
  double total = layers * 2 * static_cast<double>(w.tokens) * width;
  for_each_matrix(teacher, [&](const std::string& name, double size) {
    if (contains(name, "embed_tokens")) return;
    // Alignment stops behind the last mixer.
    const bool is_run = stage == 2 || !(contains(name, "lm_head") || contains(name, last.c_str()));
    total += is_run ? 2 * size : 0;
  });
  for_each_matrix(student, [&](const std::string& name, double size) {
    if (contains(name, "embed_tokens")) return;
    if (stage == 2) {
      total += 6 * size;
    } else if (contains(name, "self_attn")) {
      total += (is_seven && reads_layer_input(name) ? 4 : 6) * size;
    }
  });
  return total + layers * (is_seven ? 27 : 15) * width * static_cast<double>(w.config.head_size);
}

/// Eigen's 16384 x 64 x 64, split by hand.
struct yardstick {
  cpu_backend& b;
  floats<2> x, weight, y;

  explicit yardstick(cpu_backend& backend)
      : b(backend),
        x(random_floats<2>(b, {16384, 64}, 1)),
        weight(random_floats<2>(b, {64, 64}, 2)),
        y(zeros<2>(b, {16384, 64})) {}
  double operations() const { return 2.0 * 16384 * 64 * 64; }
  void operator()() {
    b.parallel_for(16384, 1, [&](std::int64_t begin, std::int64_t end, int) {
      matrix(y.data() + begin * 64, end - begin, 64).noalias() =
          const_matrix(x.data() + begin * 64, end - begin, 64) *
          const_matrix(weight.data(), 64, 64).transpose();
    });
  }
};

struct conversion {
  cpu_backend b;
  workload work;
  teacher_model teacher;
  student_model student;
  tensor<std::int32_t, 2, cpu_backend> tokens;

  conversion(const workload& w, const std::string& mixer, int threads)
      : b({.threads = threads}), work(w), tokens(b, {w.rows, w.tokens}) {
    teacher.build(b, with_mixer(w.config, std::string(layers::attention_mixer::name)));
    teacher.initialise(b, 1);
    student.build(b, with_mixer(w.config, mixer));
    student.initialise(b, 2);
    transfer::apply(b, transfer::make_weight_map(teacher, student), teacher, student);
    const ids drawn = random_ids(b, tokens.size(), w.config.vocabulary, 3);
    b.copy(tokens.data(), drawn.data(),
           static_cast<std::size_t>(drawn.size()) * sizeof(std::int32_t));
  }

  template <class Objective>
  void measure(benchmark::State& state, int stage, Objective&& objective) {
    distill::trainer_options options;
    options.schedule.steps = 1e6;
    options.schedule.warmup_steps = 0;
    options.what = stage == 1 ? distill::trainable::mixers : distill::trainable::everything;
    distill::trainer<student_model> trainer(b, student, options);
    const auto step = [&] { return trainer.step(b, objective, tokens).loss.loss; };
    // The same rows again: a step that does its work lowers their loss.
    const double before = step(), after = step();
    if (!(after < before)) return state.SkipWithError("the loss does not fall");
    yardstick product(b);
    const double per_token = operations_of_token(work, teacher, student, stage);
    const auto count = static_cast<double>(tokens.size());
    for (auto _ : state) {
      const effort e{.block = 0.02, .total = 4, .least_rounds = 7};
      const auto turns = take_turns(b.threads(), e, step, product);
      report_time(state, turns[0]);
      const double seconds = median(turns[0]);
      state.counters["tokens/s"] = count / seconds;
      state.counters["MFLOP/token"] = per_token * 1e-6;
      state.counters["GFLOP/s"] = per_token * count / seconds * 1e-9;
      state.counters["eigen"] = product.operations() / median(turns[1]) * 1e-9;
      state.counters["of_eigen"] =
          per_token * count / product.operations() * median_ratio(turns[1], turns[0]);
    }
  }
};

/// The objective itself on one thread; on more, one replica a thread, each with its share of the
/// rows.
template <class Objective, class Options>
void run(benchmark::State& state, conversion& c, int stage, const Options& options) {
  if (c.b.threads() == 1) {
    c.measure(state, stage, Objective(c.teacher, c.student, options));
  } else {
    c.measure(state, stage,
              distill::replicas<Objective, student_model::params>(c.b.threads(), c.teacher,
                                                                  c.student, options));
  }
}

void step(benchmark::State& state, const workload& w, const std::string& mixer, int stage) {
  conversion c(w, mixer, static_cast<int>(state.range(1)));
  if (stage == 1) {
    const distill::alignment_options options{.micro_batch = state.range(0)};
    run<distill::alignment<teacher_model, student_model>>(state, c, stage, options);
  } else {
    const distill::distillation_options options{.micro_batch = state.range(0)};
    run<distill::distillation<teacher_model, student_model>>(state, c, stage, options);
  }
}

/// One benchmark a shape, mixer and stage, over micro-batches and threads.
bool register_steps() {
  for (const bool is_small : {true, false}) {
    for (const std::string mixer : {"rad_rwkv7", "rad_rwkv6"}) {
      for (const int stage : {1, 2}) {
        const std::string name =
            std::string(is_small ? "small/" : "medium/") + mixer + "/step" + std::to_string(stage);
        auto* each = benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
          step(state, is_small ? small() : medium(), mixer, stage);
        });
        std::vector<std::vector<std::int64_t>> rows{{4}};
        if (is_small) rows = {{1}, {2}, {4}, {8}, {16}, {32}};
        add_cases(each, {"micro_batch"}, rows);
        each->Unit(benchmark::kMillisecond);
      }
    }
  }
  return true;
}

[[maybe_unused]] const bool is_ready = describe_run() && register_steps();

}  // namespace
