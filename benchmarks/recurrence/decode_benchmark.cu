// SPDX-License-Identifier: Apache-2.0
// One token for every sequence, state carried on in place, bf16 with a state in float: steps
// captured in a CUDA graph, so that the launch is not what is measured. Bytes are those of the
// state, read and written, and of the vectors. A shape is timed only after two steps agreed with
// the CPU's on the same numbers.

#include "radlads/cpu.hpp"
#include "recurrence_case.cuh"

#include <string>
#include <utility>

namespace {

using namespace radlads;
using namespace radlads::bench;

constexpr int steps_of_a_graph = 20;

template <class Cell>
struct decode_case : recurrence_case<Cell> {
  tensor<float, 4, cuda_backend> state;

  explicit decode_case(const sizes& z) : recurrence_case<Cell>(z) {
    state.resize(this->b, recurrence::state_shape(z.B, z.H, z.D, z.D));
    set_zero<float, 4, cuda_backend>(this->b, state);
  }
  void step() {
    recurrence::scan_step<Cell, bf16>(this->b, this->inputs(), this->v, this->y, state);
  }

  /// Relative difference of the second step's output from the CPU's in float.
  double difference() {
    cpu_backend cpu;
    const auto copy = [&](const auto& from) {
      tensor<float, 4, cpu_backend> to(cpu, from.sizes());
      const auto values = to_host(this->b, from);
      for (std::size_t i = 0; i < values.size(); ++i) to.data()[i] = static_cast<float>(values[i]);
      return to;
    };
    std::array<tensor<float, 4, cpu_backend>, Cell::inputs> in;
    std::array<view<const float, 4>, Cell::inputs> x;
    for (std::size_t i = 0; i < in.size(); ++i) {
      in[i] = copy(this->in[i]);
      x[i] = in[i].read();  // one token: a bonus is as long as the rest
    }
    const auto v = copy(this->v);
    tensor<float, 4, cpu_backend> out(cpu, v.sizes()), carried(cpu, state.sizes());
    set_zero<float, 4>(cpu, carried);
    for (int i = 0; i < 2; ++i) {
      step();
      recurrence::scan_step<Cell, float>(cpu, x, v, out, carried);
    }
    double error = 0, size = 0;
    const auto found = to_host(this->b, this->y);
    for (std::size_t i = 0; i < found.size(); ++i) {
      const double d = static_cast<double>(static_cast<float>(found[i])) - out.data()[i];
      error += d * d;
      size += static_cast<double>(out.data()[i]) * out.data()[i];
    }
    return std::sqrt(error / size);
  }
};

template <class Cell>
void decode(benchmark::State& state, const sizes& z) {
  {
    decode_case<Cell> small({2, 1, 3, z.D});
    if (!is_agreed(state, small.difference(), most_difference)) return;
  }
  decode_case<Cell> at(z);
  const cudaStream_t stream = at.b.stream();
  at.step();
  cudaGraph_t graph;
  cudaGraphExec_t run;
  require_cuda(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "capture");
  for (int i = 0; i < steps_of_a_graph; ++i) at.step();
  require_cuda(cudaStreamEndCapture(stream, &graph), "capture");
  require_cuda(cudaGraphInstantiate(&run, graph, 0), "graph");
  time_runs(
      state, at.b, [] {}, [&] { require_cuda(cudaGraphLaunch(run, stream), "graph"); },
      steps_of_a_graph);
  cudaGraphExecDestroy(run);
  cudaGraphDestroy(graph);
  count_rate(state, "GB/s",
             static_cast<double>(at.state.size()) * 8e-9 +
                 2e-9 * static_cast<double>(at.input_size() + 2 * at.v.size()));
}

template <class Cell>
void add(const std::string& name) {
  for (const auto& [H, D] : {std::pair{28, 128}, std::pair{64, 64}}) {
    for (const std::int64_t B : {1, 32, 256}) {
      const sizes z{B, 1, H, D};
      register_runs(name + "/" + name_of_shape(z), benchmark::kMicrosecond,
                    [z](benchmark::State& state) { decode<Cell>(state, z); });
    }
  }
}

const bool is_registered = [] {
  add<recurrence::rwkv7>("rwkv7");
  add<recurrence::gla>("gla");
  return true;
}();

}  // namespace
