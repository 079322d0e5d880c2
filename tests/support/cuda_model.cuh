// SPDX-License-Identifier: Apache-2.0
#pragma once
// A small language model on CUDA with the weights of one on the CPU.

#include "models/language_model_case.hpp"
#include "radlads/cuda.cuh"
#include "support/cuda_case.cuh"
#if defined(RADLADS_CUDA_INSTANCES)
#include "cuda/instances.cuh"
#endif

#include <string>

namespace radlads::test {

template <class T>
using cuda_language_model =
    models::language_model<T, cuda_backend, layers::attention_mixer, layers::rad_rwkv7_mixer,
                           layers::rad_rwkv6_mixer>;

template <class T>
cuda_language_model<T> model_on(cuda_backend& b, const language_model<T>& from) {
  cuda_language_model<T> model;
  model.build(b, from.config);
  cuda_language_model<T>::params::for_each(
      [&](const std::string&, auto& to, const auto& each) {
        b.copy(to.data(), each.data(), static_cast<std::size_t>(each.size()) * sizeof(T));
      },
      model.weights, from.weights);
  b.synchronize();
  return model;
}

}  // namespace radlads::test
