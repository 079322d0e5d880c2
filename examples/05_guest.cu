// SPDX-License-Identifier: Apache-2.0
// Runs RWKV-7, forward and backward, inside a program that has its own stream and its own memory:
// no call allocates, waits or changes a setting. The result is checked on the CPU.

#include "radlads/core/random.hpp"
#include "radlads/cpu.hpp"
#include "radlads/rwkv7.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <stdexcept>
#include <vector>

using cell = radlads::recurrence::rwkv7;
using radlads::view;
using radlads::recurrence::scan_backward;
using radlads::recurrence::scan_forward;

namespace {

// The program around radlads: a stream, memory, numbers.

constexpr std::int64_t B = 2, T = 100, H = 3, K = 64;
// One projection wrote r, log w, k, a, b and v of a token beside each other: (B, T, 6, H, K).
constexpr std::int64_t parts = 6, width = H * K, size = B * T * width;
constexpr std::int64_t batch_stride = T * parts * width, time_stride = parts * width;

void check(cudaError_t code) {
  if (code != cudaSuccess) throw std::runtime_error(cudaGetErrorString(code));
}

/// Memory of the program's own, on the GPU.
template <class X>
struct device_buffer {
  explicit device_buffer(std::size_t count) { check(cudaMalloc(&data, count * sizeof(X))); }
  explicit device_buffer(const std::vector<X>& from) : device_buffer(from.size()) {
    check(cudaMemcpy(data, from.data(), from.size() * sizeof(X), cudaMemcpyHostToDevice));
  }
  device_buffer(const device_buffer&) = delete;
  device_buffer& operator=(const device_buffer&) = delete;
  ~device_buffer() { cudaFree(data); }
  std::vector<X> on_host(std::size_t count) const {
    std::vector<X> to(count);
    check(cudaMemcpy(to.data(), data, count * sizeof(X), cudaMemcpyDeviceToHost));
    return to;
  }
  X* data = nullptr;
};

struct own_stream {
  own_stream() { check(cudaStreamCreateWithFlags(&handle, cudaStreamNonBlocking)); }
  own_stream(const own_stream&) = delete;
  own_stream& operator=(const own_stream&) = delete;
  ~own_stream() { cudaStreamDestroy(handle); }
  cudaStream_t handle = nullptr;
};

std::vector<float> random_numbers(std::int64_t count, std::uint64_t seed) {
  const radlads::random_stream numbers{seed, 0};
  std::vector<float> result(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i] = static_cast<float>(0.3 * numbers.normal(i));
  return result;
}

/// The decay is given as its logarithm, which must not be positive.
void make_decays(std::vector<float>& in) {
  for (std::int64_t token = 0; token < B * T; ++token) {
    for (std::int64_t i = 0; i < width; ++i) {
      float& each = in[static_cast<std::size_t>(token * time_stride + cell::w * width + i)];
      each = -0.6f / (1 + std::exp(-each));
    }
  }
}

// Views of its memory: a pointer, extents and strides in elements.

/// Part i of the interleaved buffer, (B, T, H, K).
template <class Space, class X>
view<X, 4, Space> part(X* buffer, std::int64_t i) {
  return {buffer + i * width, {B, T, H, K}, {batch_stride, time_stride, K, 1}};
}
template <class Space, class X>
std::array<view<X, 4, Space>, cell::inputs> cell_parts(X* buffer) {
  return {part<Space>(buffer, 0), part<Space>(buffer, 1), part<Space>(buffer, 2),
          part<Space>(buffer, 3), part<Space>(buffer, 4)};
}

const radlads::shape<4> checkpoint_sizes = radlads::recurrence::checkpoint_shape(B, T, H, K, K);
constexpr std::int64_t value = cell::inputs;  // v is the last part

/// y of the inputs and, for dy, the gradients of all parts, on any backend.
template <class Backend>
void forward_and_backward(Backend& b, const float* in, const float* dy, float* y, float* din,
                          float* checkpoint_memory) {
  using space = typename Backend::space;
  const radlads::shape<4> sizes{B, T, H, K};
  const view<float, 4, space> checkpoints(checkpoint_memory, checkpoint_sizes);
  scan_forward<cell, float>(b, cell_parts<space>(in), part<space>(in, value),
                            view<float, 4, space>(y, sizes), {}, {}, checkpoints);
  scan_backward<cell, float>(b, cell_parts<space>(in), part<space>(in, value), checkpoints,
                             view<const float, 4, space>(dy, sizes), {}, cell_parts<space>(din),
                             part<space>(din, value), {});
}

double difference(const std::vector<float>& found, const std::vector<float>& expected) {
  double error = 0, length = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    error += std::pow(found[i] - expected[i], 2);
    length += std::pow(expected[i], 2);
  }
  return std::sqrt(error / length);
}

int run() {
  std::vector<float> in = random_numbers(parts * size, 1);
  make_decays(in);
  const std::vector<float> dy = random_numbers(size, 2);
  const auto checkpoint_count = static_cast<std::size_t>(checkpoint_sizes[0] * checkpoint_sizes[1] *
                                                         checkpoint_sizes[2] * checkpoint_sizes[3]);
  const device_buffer<float> in_there(in), dy_there(dy);
  const device_buffer<float> y_there(dy.size()), din_there(in.size());
  const device_buffer<float> checkpoints_there(checkpoint_count);
  const own_stream stream;

  // The backend is made once and kept. It works on this stream, and on the scratch it is lent.
  radlads::cuda_backend cuda(radlads::cuda_resources{.stream = stream.handle, .device = 0});
  const auto call = [&] {
    forward_and_backward(cuda, in_there.data, dy_there.data, y_there.data, din_there.data,
                         checkpoints_there.data);
  };
  const std::size_t bytes = cuda.scratch_bytes(call);
  const device_buffer<std::byte> scratch(bytes);
  cuda.lend_scratch(scratch.data, bytes);
  call();
  check(cudaStreamSynchronize(stream.handle));
  const std::vector<float> y = y_there.on_host(dy.size()), din = din_there.on_host(in.size());

  radlads::cpu_backend cpu;
  std::vector<float> y_here(dy.size()), din_here(in.size()), checkpoints_here(checkpoint_count);
  forward_and_backward(cpu, in.data(), dy.data(), y_here.data(), din_here.data(),
                       checkpoints_here.data());
  const double largest = std::max(difference(y, y_here), difference(din, din_here));
  std::cout << "The call said beforehand that it needs " << bytes << " bytes of scratch. It took "
            << cuda.allocated_bytes() << " bytes beside them.\n"
            << "Outputs and gradients differ from the CPU's by less than 1e-5 of their length: "
            << (largest < 1e-5 ? "yes" : "no") << " (" << largest << ").\n";
  return largest < 1e-5 && cuda.allocated_bytes() == 0 ? 0 : 1;
}

}  // namespace

int main() {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    std::cout << "there is no CUDA device\n";
    return 77;
  }
  try {
    return run();
  } catch (const std::exception& problem) {
    std::cerr << problem.what() << "\n";
    return 1;
  }
}
