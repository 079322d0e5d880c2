// SPDX-License-Identifier: Apache-2.0
// Whole training steps of a conversion on CUDA in bf16: teacher forward, student forward, loss,
// backward, clip, AdamW with float master and moments, 32 rows of 512 tokens, random weights.
//   0.5b: the shape of Qwen2.5-0.5B;  7b_layer: one layer of the 7B shape, no head. Step 1 stops
//   behind the last mixer, so that layer's feed-forward is neither run nor counted; whole_layer
//   runs and counts the teacher's, as a layer amid others does. Step 2 of a layer draws its
//   normalised output to the teacher's by mean squared error in place of logits.
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

#include <array>
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

enum class stage { mixers, whole_layer, everything, everything_without_head };

double operations_of_token(const models::config& c, const student_model& student, stage what) {
  const bool is_alignment = what == stage::mixers || what == stage::whole_layer;
  const auto L = static_cast<double>(c.layers), H = static_cast<double>(c.heads);
  const auto D = static_cast<double>(c.head_size);
  const auto head = static_cast<double>(c.vocabulary * c.hidden);
  const double attention =
      static_cast<double>(c.hidden * (2 * c.heads + 2 * c.kv_heads) * c.head_size);
  const double feed_forward = 3 * static_cast<double>(c.hidden * c.intermediate);
  double total = L * (2 * (attention + feed_forward) + 2 * static_cast<double>(tokens) * H * D);
  if (what == stage::mixers) total -= 2 * feed_forward;
  if (!is_alignment) total += L * 6 * feed_forward;
  if (what == stage::everything) total += 2 * head + 6 * head;
  student_model::params::for_each(
      [&](const std::string& name, const auto& each) {
        if (!contains(name, "self_attn") || each.extent(0) == 1 || each.sizes().size() < 2) return;
        bool reads_input = false;
        for (const char* part : {"q_proj", "k_proj", "v_proj", ".w1", ".a1", ".v1", ".g1"}) {
          reads_input = reads_input || contains(name, part);
        }
        total += (is_alignment && reads_input ? 4.0 : 6.0) * static_cast<double>(each.size());
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

/// Alignment, and behind it the feed-forward of the teacher's only layer.
class whole_layer_alignment {
 public:
  static constexpr bool trains_mixers_alone = true;

  whole_layer_alignment(const conversion& at, std::int64_t micro_batch)
      : teacher_(at.teacher), alignment_(at.teacher, at.student, {.micro_batch = micro_batch}) {}

  distill::batch_loss operator()(cuda_backend& b, view<const std::int32_t, 2, device_space> ids,
                                 student_model::params* grads) {
    const distill::batch_loss loss = alignment_(b, ids, grads);
    const shape<2> sizes{ids.size(), teacher_.config.hidden};
    for (auto* each : {&input_, &middle_, &normed_, &output_}) {
      if (each->sizes() == sizes) continue;
      each->resize(b, sizes);
      set_zero<bf16, 2, cuda_backend>(b, *each);
    }
    inverse_.resize(b, {ids.size()});
    teacher_.layers.with_layer(0, teacher_.weights.layers, [&](const auto& c, const auto& p) {
      const auto add = [&](const auto& left, const auto& right, auto& sum) {
        ops::elementwise<bf16>(b, ops::sum_of_two{}, std::array{sum.whole()},
                               std::array{left.read(), right.read()});
      };
      add(input_, output_, middle_);
      ops::rms_norm_forward<bf16>(b, c.norm_epsilon, p.post_norm, middle_, normed_, inverse_);
      layers::swiglu::forward<bf16, cuda_backend>(b, c.ffn, p.ffn, normed_, output_, ffn_);
      add(middle_, output_, output_);
    });
    return loss;
  }

 private:
  const teacher_model& teacher_;
  distill::alignment<teacher_model, student_model> alignment_;
  tensor<bf16, 2, cuda_backend> input_, middle_, normed_, output_;
  tensor<float, 1, cuda_backend> inverse_;
  layers::swiglu::saved<bf16, cuda_backend> ffn_;
};

/// Mean squared error of the normalised outputs, all tensors trained.
class output_error {
 public:
  output_error(const conversion& at) : teacher_(at.teacher), student_(at.student) {
    saved_.layers.is_training = true;
  }

  distill::batch_loss operator()(cuda_backend& b, view<const std::int32_t, 2, device_space> ids,
                                 student_model::params* grads) {
    const double scale = 1.0 / static_cast<double>(ids.size() * student_.config.hidden);
    losses_.resize(b, {ids.size()});
    work_.run(b, ids, student_.config.vocabulary, scale, distill::memory_of(grads), [&](auto rows) {
      teacher_.forward(b, rows, nullptr, teacher_saved_);
      student_.forward(b, rows, nullptr, saved_);
      scratch_scope<cuda_backend> scope(b);
      const auto d = scope.take<bf16, 2>(saved_.normed.sizes());
      ops::alignment_mse<bf16>(b, static_cast<float>(scale), saved_.normed, teacher_saved_.normed,
                               losses_, d);
      student_.backward(b, rows, d, saved_, *grads);
    });
    return {distill::sum_of(b, losses_), {}};
  }

 private:
  const teacher_model& teacher_;
  const student_model& student_;
  teacher_model::saved teacher_saved_;
  student_model::saved saved_;
  tensor<float, 1, cuda_backend> losses_;
  distill::micro_batch_work<cuda_backend> work_;
};

template <class Objective>
void run(benchmark::State& state, conversion& at, Objective& objective, stage what) {
  distill::trainer_options options;
  options.schedule.initial = 1e-3;
  options.schedule.final = 1e-3;
  options.schedule.steps = 1000;
  if (what == stage::mixers || what == stage::whole_layer)
    options.what = distill::trainable::mixers;
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
  const double operations = operations_of_token(at.student.config, at.student, what);
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
  run(state, at, objective, stage::mixers);
}

void step_1_of_a_layer(benchmark::State& state) {
  conversion at(shape_of("7b_layer"));
  whole_layer_alignment objective(at, rows);
  run(state, at, objective, stage::whole_layer);
}

void step_2_of_a_layer(benchmark::State& state) {
  conversion at(shape_of("7b_layer"));
  output_error objective(at);
  run(state, at, objective, stage::everything_without_head);
}

void step_2(benchmark::State& state, std::string_view name, std::int64_t micro_batch) {
  conversion at(shape_of(name));
  distill::distillation<teacher_model, student_model> objective(at.teacher, at.student,
                                                                {.micro_batch = micro_batch});
  run(state, at, objective, stage::everything);
}

}  // namespace

BENCHMARK_CAPTURE(step_1, 0.5b, "0.5b", 32)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(step_2, 0.5b, "0.5b", 32)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(step_1, 7b_layer, "7b_layer", 32)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(step_1_of_a_layer)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(step_2_of_a_layer)->UseManualTime()->Unit(benchmark::kMillisecond);
