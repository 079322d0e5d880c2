// SPDX-License-Identifier: Apache-2.0
#include "memory.hpp"
#include "model.hpp"
#include "radlads/core/error.hpp"
#include "stage_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unistd.h>
#include <utility>

namespace radlads::program {

namespace {

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

double gib(std::size_t bytes) { return static_cast<double>(bytes) / 1073741824.0; }

}  // namespace

plan_target target_of(const settings_options& options, const settings& values) {
  return {options.ranks, values.parallel.shard == "optimizer", options.gpu_memory};
}

std::int64_t parameters_of(const models::config& model) {
  return convert::parameters_of<dry_model>(model);
}

std::string memory_plan(const std::string& stage, const stage_settings& s,
                        const stage_models& models, int threads, const plan_target& target) {
  require(s.batch >= target.ranks, stage, ".batch is ", s.batch, ", fewer rows than the ",
          target.ranks, " ranks");
  const bool is_for_gpu = s.precision == "bf16" || target.gpu_memory.has_value();
  const std::int64_t usual = is_for_gpu ? convert::usual_micro_batch<dry_run_backend>
                                        : convert::usual_micro_batch<backend_type>;
  const bool has_threads = device_name == "cpu" && !target.gpu_memory;
  const convert::memory_target place{target.ranks, target.is_sharded, has_threads ? threads : 0};
  const std::int64_t of_rank = convert::rows_of_rank(s, place);
  const std::int64_t rows = std::min(of_rank, s.micro_batch > 0 ? s.micro_batch : usual);
  const auto p = convert::estimate_memory<dry_model>(stage, s, models, rows, place);
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
  // bf16 can be planned anywhere, for a GPU.
  const bool is_elsewhere = s.precision == "bf16" && device_name == "cpu";
  const auto [bytes, name] = target.gpu_memory ? named_gpu(*target.gpu_memory)
                             : is_elsewhere    ? std::pair<std::size_t, std::string>{}
                                               : memory_of_device();
  if (bytes == 0) return text + "#   there is no CUDA device here to compare that with\n";
  const std::int64_t most = convert::most_rows<dry_model>(stage, s, models, bytes, place);
  text += fmt::format("#   {} has {:.1f} GiB: ", name, gib(bytes));
  if (most == 0) return text + "not enough for one row at a time\n";
  if (most == of_rank) {
    const char* whose = target.ranks == 1 ? "a batch" : "a rank";
    return text + fmt::format("all {} rows of {} fit at a time\n", most, whose);
  }
  return text + fmt::format("{}.micro_batch may be at most {}\n", stage, most);
}

}  // namespace radlads::program
