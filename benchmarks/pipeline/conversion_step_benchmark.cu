// SPDX-License-Identifier: Apache-2.0
// Whole training steps of a conversion on CUDA in bf16: teacher forward, student forward, loss,
// backward, clip, AdamW with float master and moments, 32 rows of 512 tokens, random weights.
//   0.5b: the shape of Qwen2.5-0.5B;  7b_layer: one layer of the 7B shape, no head. Step 1 stops
//   behind the last mixer, so that layer's feed-forward is neither run nor counted.
// Model operations a token, for P matrix weights of a layer, H heads of D, vocabulary V and width
// h: teacher 2 P + 2 T H D a layer (+ 2 V h); step 1: 4 P of projections that read the layer's
// input, 6 P of the rest, 27 H D^2; step 2: 6 (P + V h) + 27 H D^2 a layer. Shares are of 989.4
// TFLOP/s. A step is timed only after steps on the same rows lowered the loss.

#include "radlads/core/host_copy.hpp"
#include "radlads/core/random.hpp"
#include "radlads/distill.hpp"
#include "radlads/model.hpp"
#include "radlads/rad_rwkv7.hpp"
#include "radlads/softmax_attention.hpp"

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace {

using namespace radlads;

using teacher_model = models::language_model<bf16, cuda_backend, layers::attention_mixer>;
using student_model = models::language_model<bf16, cuda_backend, layers::rad_rwkv7_mixer>;

constexpr double peak_operations = 989.4e12;
constexpr std::int64_t rows = 32, tokens = 512;

models::config shape_of(std::string_view name) {
  models::config c;
  if (name == "0.5b") {
    c.vocabulary = 151936;
    c.hidden = 896;
    c.intermediate = 4864;
    c.layers = 24;
    c.heads = 14;
    c.kv_heads = 2;
    c.head_size = 64;
    c.is_tied = true;
  } else {
    c.vocabulary = 1024;
    c.hidden = 3584;
    c.intermediate = 18944;
    c.layers = 1;
    c.heads = 28;
    c.kv_heads = 4;
    c.head_size = 128;
  }
  c.rope_base = 1e6;
  c.max_positions = tokens;
  return c;
}

models::config with_mixer(models::config c, std::string_view mixer) {
  c.mixers.assign(static_cast<std::size_t>(c.layers), std::string(mixer));
  return c;
}

/// Norms one, everything else normal with deviation 0.02, from a table: the numbers only have to be
/// ordinary, and half a billion fresh ones take the host half a minute.
template <class Model>
void fill_weights(cuda_backend& b, Model& model, std::uint64_t seed) {
  std::vector<bf16> table(65521);
  const random_stream source{seed, 1};
  for (std::size_t i = 0; i < table.size(); ++i)
    table[i] = bf16(static_cast<float>(0.02 * source.normal(i)));
  std::size_t next = 0;
  Model::params::for_each(
      [&](const std::string& name, auto& each) {
        const bool is_norm = name.ends_with("norm.weight");
        write_on_host(b, each, [&](bf16* to) {
          for (std::int64_t i = 0; i < each.size(); ++i) {
            to[i] = is_norm ? bf16(1.0f) : table[next];
            next = next + 1 == table.size() ? 0 : next + 1;
          }
        });
      },
      model.weights);
}

bool contains(const std::string& name, const char* part) {
  return name.find(part) != std::string::npos;
}

double operations_of_token(const models::config& c, const student_model& student, int stage) {
  const auto L = static_cast<double>(c.layers), H = static_cast<double>(c.heads);
  const auto D = static_cast<double>(c.head_size);
  const auto head = static_cast<double>(c.vocabulary * c.hidden);
  const double attention =
      static_cast<double>(c.hidden * (2 * c.heads + 2 * c.kv_heads) * c.head_size);
  const double feed_forward = 3 * static_cast<double>(c.hidden * c.intermediate);
  double total = L * (2 * (attention + feed_forward) + 2 * static_cast<double>(tokens) * H * D);
  if (stage == 1) total -= 2 * feed_forward;
  if (stage == 2) total += 2 * head + 6 * head + L * 6 * feed_forward;
  student_model::params::for_each(
      [&](const std::string& name, const auto& each) {
        if (!contains(name, "self_attn") || each.extent(0) == 1 || each.sizes().size() < 2) return;
        bool reads_input = false;
        for (const char* part : {"q_proj", "k_proj", "v_proj", ".w1", ".a1", ".v1", ".g1"}) {
          reads_input = reads_input || contains(name, part);
        }
        total += (stage == 1 && reads_input ? 4.0 : 6.0) * static_cast<double>(each.size());
      },
      student.weights);
  return total + L * 27 * H * D * D;
}

struct conversion {
  cuda_backend b;
  teacher_model teacher;
  student_model student;
  tensor<std::int32_t, 2, cuda_backend> ids;

  explicit conversion(const models::config& c) {
    teacher.build(b, with_mixer(c, layers::attention_mixer::name));
    student.build(b, with_mixer(c, layers::rad_rwkv7_mixer::name));
    fill_weights(b, teacher, 1);
    fill_weights(b, student, 2);
    ids.resize(b, {rows, tokens});
    const random_stream source{3, 3};
    write_on_host(b, ids, [&](std::int32_t* to) {
      for (std::int64_t i = 0; i < ids.size(); ++i) {
        to[i] = static_cast<std::int32_t>(source.uniform(static_cast<std::uint64_t>(i)) *
                                          static_cast<double>(c.vocabulary));
      }
    });
  }
};

template <class Objective>
void run(benchmark::State& state, conversion& at, Objective& objective, int stage) {
  distill::trainer_options options;
  options.schedule.initial = 1e-3;
  options.schedule.final = 1e-3;
  options.schedule.steps = 1000;
  if (stage == 1) options.what = distill::trainable::mixers;
  distill::trainer<student_model> trainer(at.b, at.student, options);
  double first = 0, last = 0;
  for (int i = 0; i < 6; ++i) {
    last = trainer.step(at.b, objective, at.ids).loss.loss;
    if (i == 0) first = last;
  }
  if (!(last < first)) {
    const std::string message =
        "the loss went from " + std::to_string(first) + " to " + std::to_string(last);
    state.SkipWithError(message.c_str());
    return;
  }
  at.b.synchronize();
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    trainer.step(at.b, objective, at.ids);
    at.b.synchronize();
    state.SetIterationTime(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  const double operations = operations_of_token(at.student.config, at.student, stage);
  const auto count = static_cast<double>(state.iterations() * rows * tokens);
  state.counters["tokens/s"] = benchmark::Counter(count, benchmark::Counter::kIsRate);
  state.counters["GFLOP/token"] = operations / 1e9;
  state.counters["MFU"] =
      benchmark::Counter(count * operations / peak_operations, benchmark::Counter::kIsRate);
  state.counters["peak GiB"] = static_cast<double>(at.b.peak_bytes()) / 1073741824.0;
}

void step_1(benchmark::State& state, std::string_view name, std::int64_t micro_batch) {
  conversion at(shape_of(name));
  distill::alignment<teacher_model, student_model> objective(at.teacher, at.student,
                                                             {.micro_batch = micro_batch});
  run(state, at, objective, 1);
}

void step_2(benchmark::State& state, std::string_view name, std::int64_t micro_batch) {
  conversion at(shape_of(name));
  distill::distillation<teacher_model, student_model> objective(at.teacher, at.student,
                                                                {.micro_batch = micro_batch});
  run(state, at, objective, 2);
}

}  // namespace

BENCHMARK_CAPTURE(step_1, 0.5b, "0.5b", 32)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(step_2, 0.5b, "0.5b", 16)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(step_1, 7b_layer, "7b_layer", 32)->UseManualTime()->Unit(benchmark::kMillisecond);
