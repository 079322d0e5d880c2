// SPDX-License-Identifier: Apache-2.0
#include "memory.hpp"
#include "model.hpp"
#include "radlads/core/error.hpp"
#include "radlads/distill/replicas.hpp"
#include "radlads/parallel/flat_tensors.hpp"
#include "run_loop.hpp"
#include "stage_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <unistd.h>
#include <utility>

namespace radlads::program {

namespace {

std::size_t times(std::size_t bytes, int count) {
  const auto factor = static_cast<std::size_t>(count);
  if (bytes > std::numeric_limits<std::size_t>::max() / 8 / factor) {
    throw out_of_memory(concatenate("memory plan: ", count, " threads with ", bytes,
                                    " bytes each are more than can be counted"));
  }
  return bytes * factor;
}

plan plan_of(const std::string& stage, const stage_settings& s, const stage_models& models,
             std::int64_t rows, [[maybe_unused]] int threads) {
  const distill::trainable what = trainer_options_of(s).what;
  if (s.precision == "bf16") return plan_stage<bf16>(stage, s, models, rows, what);
  plan result = plan_stage<float>(stage, s, models, rows, what);
#if !defined(RADLADS_PROGRAM_CUDA)
  // Each thread trains a part of the batch, with gradients of its own that are summed.
  const int parts = distill::replica_count(models.trained.hidden, threads);
  if (parts > 1) {
    result.step = times(result.step, parts);
    result.gradients = times(result.gradients, parts + 1);
  }
#endif
  return result;
}

/// What a rank has of a plan: its part of moments that are sharded, then with its part of the
/// summed gradient, and a bucket of gradients on its way.
void share_out(plan& p, const plan_target& target) {
  if (target.ranks == 1) return;
  const auto ranks = static_cast<std::size_t>(target.ranks);
  const std::size_t trained = p.optimizer / 2;  // one moment of two
  p.exchange = std::min(trained, sizeof(float) * static_cast<std::size_t>(parallel::usual_bucket));
  if (!target.is_sharded) return;
  p.optimizer = (p.optimizer + ranks - 1) / ranks;
  p.exchange += (trained + ranks - 1) / ranks;
}

constexpr std::size_t of_cuda = std::size_t{1} << 30;  // what CUDA itself takes

/// Memory that models may have, and whose it is; 0 when that is not known. Of a GPU's, what CUDA
/// itself takes is left out; what is free just now says nothing when a stage has failed.
std::pair<std::size_t, std::string> memory_of_device() {
#if defined(RADLADS_PROGRAM_CUDA)
  cudaDeviceProp properties{};
  if (cudaGetDeviceProperties(&properties, 0) != cudaSuccess) {
    cudaGetLastError();
    return {0, ""};
  }
  return {properties.totalGlobalMem - of_cuda, properties.name};
#else
  const auto pages = ::sysconf(_SC_PHYS_PAGES), size = ::sysconf(_SC_PAGE_SIZE);
  return {static_cast<std::size_t>(pages) * static_cast<std::size_t>(size), "this machine"};
#endif
}

/// The same of a GPU that is not here.
std::pair<std::size_t, std::string> named_gpu(double memory) {
  constexpr double most = 1 << 20;
  require(memory > 1 && memory <= most, "--gpu-memory is ", memory,
          " GiB, expected more than the 1 that CUDA takes, and at most ", most);
  return {static_cast<std::size_t>(memory * 1073741824.0) - of_cuda, "a GPU, beside CUDA itself,"};
}

/// Rows of a step that the rank with most of them has.
std::int64_t rows_of(const stage_settings& s, const plan_target& target) {
  return (s.batch + target.ranks - 1) / target.ranks;
}

/// The most rows at a time whose plan stays within `bytes`, at most a rank's; 0 when one is too
/// many.
std::int64_t most_rows(const std::string& stage, const stage_settings& s,
                       const stage_models& models, std::size_t bytes, int threads,
                       const plan_target& target) {
  const auto is_within = [&](std::int64_t rows) {
    try {
      plan p = plan_of(stage, s, models, rows, threads);
      share_out(p, target);
      return p.total() <= bytes;
    } catch (const out_of_memory&) {
      return false;  // more than can be counted is more than there is
    }
  };
  std::int64_t fits = 0, too_many = rows_of(s, target) + 1;
  while (fits + 1 < too_many) {
    const std::int64_t middle = fits + (too_many - fits) / 2;
    (is_within(middle) ? fits : too_many) = middle;
  }
  return fits;
}

double gib(std::size_t bytes) { return static_cast<double>(bytes) / 1073741824.0; }

}  // namespace

plan_target target_of(const settings_options& options, const settings& values) {
  return {options.ranks, values.parallel.shard == "optimizer", options.gpu_memory};
}

std::string memory_plan(const std::string& stage, const stage_settings& s,
                        const stage_models& models, int threads, const plan_target& target) {
  require(target.ranks == 1 || s.precision == "float", stage, ".precision is ", s.precision,
          ", in which only one rank trains; several are planned with --", stage,
          ".precision float");
  require(s.batch >= target.ranks, stage, ".batch is ", s.batch, ", fewer rows than the ",
          target.ranks, " ranks");
  const bool is_for_gpu = s.precision == "bf16" || target.gpu_memory.has_value();
  if (target.gpu_memory) threads = 1;
  const std::int64_t usual = is_for_gpu ? usual_micro_batch_on_cuda : usual_micro_batch;
  const std::int64_t rows = std::min(rows_of(s, target), s.micro_batch > 0 ? s.micro_batch : usual);
  plan p = plan_of(stage, s, models, rows, threads);
  share_out(p, target);
  std::string text = fmt::format("# {} in {}: {} parameters", stage, s.precision, p.parameters);
  if (models.teacher) text += fmt::format(", the teacher has {}", p.teacher_parameters);
  if (target.ranks > 1) text += fmt::format("; each of {} ranks", target.ranks);
  text += "\n#   GiB: ";
  if (models.teacher) text += fmt::format("teacher {:.3f}, ", gib(p.teacher));
  if (target.ranks > 1) text += fmt::format("sums over ranks {:.3f}, ", gib(p.exchange));
  text += fmt::format(
      "weights {:.3f}, gradients {:.3f}, optimizer {:.3f}, activations of {} x {} tokens {:.3f}; "
      "in all {:.3f}\n",
      gib(p.weights), gib(p.gradients), gib(p.optimizer), rows, s.context, gib(p.step),
      gib(p.total()));
  if (target.ranks > 1 && target.gpu_memory) {
    text +=
        "#   several GPUs do not train together: this is what ranks on the CPU would take of one\n";
  }
  // bf16 can be planned anywhere, for a GPU.
  const bool is_elsewhere = s.precision == "bf16" && device_name == "cpu";
  const auto [bytes, name] = target.gpu_memory ? named_gpu(*target.gpu_memory)
                             : is_elsewhere    ? std::pair<std::size_t, std::string>{}
                                               : memory_of_device();
  if (bytes == 0) return text + "#   there is no CUDA device here to compare that with\n";
  const std::int64_t most = most_rows(stage, s, models, bytes, threads, target);
  text += fmt::format("#   {} has {:.1f} GiB: ", name, gib(bytes));
  if (most == 0) return text + "not enough for one row at a time\n";
  if (most == rows_of(s, target)) {
    const char* whose = target.ranks == 1 ? "a batch" : "a rank";
    return text + fmt::format("all {} rows of {} fit at a time\n", most, whose);
  }
  return text + fmt::format("{}.micro_batch may be at most {}\n", stage, most);
}

}  // namespace radlads::program
