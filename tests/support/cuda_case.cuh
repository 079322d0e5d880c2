// SPDX-License-Identifier: Apache-2.0
#pragma once
// One computation on two backends: in double on the CPU, whose operations are checked against
// formulas and complex steps elsewhere, and in T on CUDA, from the same numbers rounded to T.
// Without a device every case reports itself as skipped.

#include "radlads/core/cuda/backend.cuh"
#include "radlads/core/random.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/cpu.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cuda_runtime.h>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace radlads::test {

inline bool has_cuda_device() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
}

/// The same tensor in double on the host and in T on the device.
template <class T, int Rank>
struct tensor_pair {
  using scalar = T;
  tensor<double, Rank, cpu_backend> host;
  tensor<T, Rank, cuda_backend> device;
};

/// Fixture with both backends, both filling fresh memory with NaN. `T` is the device's scalar.
template <class T>
class cuda_case : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_cuda_device()) GTEST_SKIP() << "there is no CUDA device";
    cpu_ = std::make_unique<cpu_backend>(cpu_options{.threads = 1, .poison = true});
    cuda_ = std::make_unique<cuda_backend>(cuda_options{.poison = true});
  }
  cpu_backend& cpu() { return *cpu_; }
  cuda_backend& cuda() { return *cuda_; }

  /// Numbers rounded to S, in both places.
  template <class S, int Rank>
  tensor_pair<S, Rank> of(const shape<Rank>& sizes, const std::vector<double>& values) {
    tensor_pair<S, Rank> result;
    result.host.resize(cpu(), sizes);
    result.device.resize(cuda(), sizes);
    std::vector<S> rounded(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      rounded[i] = static_cast<S>(static_cast<accumulate_t<S>>(values[i]));
      result.host.data()[i] = static_cast<double>(static_cast<accumulate_t<S>>(rounded[i]));
    }
    cuda().copy(result.device.data(), rounded.data(), rounded.size() * sizeof(S));
    cuda().synchronize();
    return result;
  }
  /// Standard normal numbers times `scale`, of the scalar under test.
  template <int Rank>
  tensor_pair<T, Rank> random(const shape<Rank>& sizes, double scale = 1) {
    std::int64_t count = 1;
    for (const std::int64_t each : sizes) count *= each;
    return of<T, Rank>(sizes, random_values(count, ++seed_, scale));
  }
  /// Memory for results; NaN until written.
  template <class S, int Rank>
  tensor_pair<S, Rank> poisoned(const shape<Rank>& sizes) {
    tensor_pair<S, Rank> result;
    result.host.resize(cpu(), sizes);
    result.device.resize(cuda(), sizes);
    return result;
  }

  /// Token numbers in both places.
  struct ids {
    tensor<std::int32_t, 1, cpu_backend> host;
    tensor<std::int32_t, 1, cuda_backend> device;
  };
  ids of_ids(const std::vector<std::int32_t>& values) {
    ids result;
    const shape<1> sizes{static_cast<std::int64_t>(values.size())};
    result.host.resize(cpu(), sizes);
    result.device.resize(cuda(), sizes);
    std::copy(values.begin(), values.end(), result.host.data());
    cuda().copy(result.device.data(), values.data(), values.size() * sizeof(std::int32_t));
    cuda().synchronize();
    return result;
  }

  /// Runs f(backend, scalar tag, on) on both backends; on(pair) is the tensor of that backend, and
  /// the tag's type is the scalar: [&](auto& b, auto tag, auto on) { using S = decltype(tag); ...
  /// }.
  template <class F>
  void on_both(F&& f) {
    f(
        cpu(), double{}, [](auto& each) -> auto& { return each.host; });
    f(
        cuda(), T{}, [](auto& each) -> auto& { return each.device; });
    cuda().synchronize();
  }

  /// The device's numbers, on the host in double.
  template <class S, int Rank>
  std::vector<double> values_of(const tensor<S, Rank, cuda_backend>& from) {
    std::vector<S> stored(static_cast<std::size_t>(from.size()));
    cuda().copy(stored.data(), from.data(), stored.size() * sizeof(S));
    cuda().synchronize();
    std::vector<double> values(stored.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<double>(static_cast<accumulate_t<S>>(stored[i]));
    }
    return values;
  }

  template <class S, int Rank>
  void expect_close(const tensor_pair<S, Rank>& found, const std::string& name,
                    double tolerance = cuda_tolerance<T>) {
    const std::vector<double> expected(found.host.data(), found.host.data() + found.host.size());
    EXPECT_LE(relative_error(values_of(found.device), expected), tolerance) << name;
  }

 private:
  std::unique_ptr<cpu_backend> cpu_;
  std::unique_ptr<cuda_backend> cuda_;
  std::uint64_t seed_ = 0;
};

using cuda_scalars = ::testing::Types<float, double, bf16>;

}  // namespace radlads::test
