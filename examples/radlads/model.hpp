// SPDX-License-Identifier: Apache-2.0
#pragma once
// The one model type of the program: float, any layer one of the mixers of mixers.hpp.
// Teachers and students are both of it. The program is built once for each backend, as radlads for
// the CPU and as radlads-cuda; what runs a model is compiled in model.cpp, objectives.cpp and
// scores.cpp alone.

#include "mixers.hpp"
#include "radlads/convert/run_context.hpp"
#include "radlads/core/backend.hpp"
#include "radlads/core/random.hpp"
#include "radlads/ops/sampling_options.hpp"
#if defined(RADLADS_PROGRAM_CUDA)
#include "radlads/core/cuda/backend.cuh"
#else
#include "radlads/cpu.hpp"
#endif

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace radlads::program {

#if defined(RADLADS_PROGRAM_CUDA)
using backend_type = cuda_backend;
using backend_options_type = cuda_options;
#else
using backend_type = cpu_backend;
using backend_options_type = cpu_options;
#endif

inline constexpr std::string_view device_name = convert::device_name<backend_type>;

using model_type = model_of<float, backend_type>;

/// Runs the model over one sequence of ids on the host, from `state` unless that is null.
void run_forward(backend_type& b, const model_type& model, std::span<const std::int32_t> ids,
                 model_type::state* state, model_type::saved& saved);

/// models::generator behind an interface, for one sequence.
class token_generator {
 public:
  virtual ~token_generator() = default;
  virtual void take(std::span<const std::int32_t> ids) = 0;
  /// The token behind the last one taken, by number `index` of `numbers`.
  virtual std::int32_t choose(const ops::sampling_options& options, random_stream numbers,
                              std::uint64_t index) = 0;
  virtual std::int64_t state_bytes() const = 0;
};
std::unique_ptr<token_generator> make_generator(backend_type& b, const model_type& model);

/// The logits (N, V), on the host, of what the last forward left.
std::vector<float> run_logits(backend_type& b, const model_type& model,
                              const model_type::saved& saved);

}  // namespace radlads::program
