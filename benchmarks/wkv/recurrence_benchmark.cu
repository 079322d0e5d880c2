// SPDX-License-Identifier: Apache-2.0
// Recurrences on CUDA in bf16: forward (checkpoints kept, as in training) and forward + backward. Bytes are those
// of inputs, output and gradients alone, each read or written once. A shape is timed only after outputs and
// gradients of its driver agreed with the scan's on the same numbers.

#include "recurrence_case.cuh"

namespace {

using namespace radlads;
using namespace radlads::bench;

template <class Cell>
void recurrence(benchmark::State& state, sizes z, bool has_backward) {
  {
    recurrence_case<Cell> part(part_of(z));
    const auto both = [&] {
      part.forward();
      part.backward();
    };
    if (!is_agreed(state, part.difference(both))) return;
  }
  recurrence_case<Cell> at(z);
  time_runs(state, at, has_backward, [&] {
    at.forward();
    if (has_backward) at.backward();
  });
  state.counters["extra GiB"] = static_cast<double>(at.checkpoints.size()) * 4 / 1073741824.0;
  state.SetLabel(wkv::name_of(wkv::select_driver<Cell, bf16>({.heads = z.B * z.H,
                                                              .tokens = z.T,
                                                              .keys = z.D,
                                                              .values = z.D,
                                                              .multiprocessors = at.b.multiprocessors()})));
}

template <class Cell>
void add(const std::string& name) {
  for (const sizes& z : shapes) {
    if (name == "gla" && z.T > 512) continue;
    for (const bool has_backward : {false, true}) {
      const std::string full = name + "/" + name_of_shape(z) + (has_backward ? "/both" : "/forward");
      benchmark::RegisterBenchmark(full.c_str(), [z, has_backward](benchmark::State& state) {
        recurrence<Cell>(state, z, has_backward);
      })->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(12)->Repetitions(3)->ReportAggregatesOnly();
    }
  }
}

const bool is_registered = [] {
  add<wkv::rwkv7>("rwkv7");
  add<wkv::gla>("gla");
  return true;
}();

}  // namespace
