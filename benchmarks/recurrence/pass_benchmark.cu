// SPDX-License-Identifier: Apache-2.0
// Recurrences on CUDA in bf16: forward alone, forward with what a backward pass needs, and forward
// + backward. Bytes are those of inputs, output and gradients alone, each read or written once. A
// shape is timed only after outputs and gradients of its algorithm agreed with the scan's on the
// same numbers.

#include "recurrence_case.cuh"

#include <string>
#include <utility>

namespace {

using namespace radlads;
using namespace radlads::bench;

enum class part_of_step { alone, forward, both };
const std::pair<part_of_step, const char*> parts[] = {{part_of_step::alone, "/alone"},
                                                      {part_of_step::forward, "/forward"},
                                                      {part_of_step::both, "/both"}};

template <class Cell>
void run_passes(benchmark::State& state, sizes z, part_of_step part) {
  {
    recurrence_case<Cell> small(part_of(z));
    const auto both = [&] {
      small.forward();
      small.backward();
    };
    if (!is_agreed(state, small.difference(both), most_difference)) return;
  }
  recurrence_case<Cell> at(z);
  const bool has_backward = part == part_of_step::both;
  // The L2 cache is flushed before each run.
  time_runs(
      state, at.b, [&] { set_zero<float, 1, cuda_backend>(at.b, at.flushed); },
      [&] {
        part == part_of_step::alone ? at.forward_alone() : at.forward();
        if (has_backward) at.backward();
      });
  count_rate(state, "GB/s",
             2e-9 * static_cast<double>(at.input_size() * (has_backward ? 3 : 1) +
                                        at.v.size() * (has_backward ? 5 : 2)));
  state.counters["extra GiB"] = static_cast<double>(at.checkpoints.size()) * 4 / 1073741824.0;
  state.SetLabel(recurrence::name_of(
      recurrence::select_algorithm<Cell, bf16>({.heads = z.B * z.H,
                                                .tokens = z.T,
                                                .keys = z.D,
                                                .values = z.D,
                                                .multiprocessors = at.b.multiprocessors()})));
}

template <class Cell>
void add(const std::string& name) {
  for (const sizes& z : shapes) {
    for (const auto& [part, suffix] : parts) {
      const std::string full = name + "/" + name_of_shape(z) + suffix;
      register_runs(full, benchmark::kMillisecond,
                    [z, part](benchmark::State& state) { run_passes<Cell>(state, z, part); });
    }
  }
}

const bool is_registered = [] {
  add<recurrence::rwkv7>("rwkv7");
  add<recurrence::gla>("gla");
  add<recurrence::rwkv6>("rwkv6");
  add<recurrence::gated_deltanet>("gated_deltanet");
  add<recurrence::kda>("kda");
  add<recurrence::mamba2>("mamba2");
  return true;
}();

}  // namespace
