// SPDX-License-Identifier: Apache-2.0
#include "model.hpp"

#if defined(RADLADS_PROGRAM_CUDA)
#include "cuda/instances.cuh"
#endif
#include "radlads/core/host_copy.hpp"
#include "radlads/models/generator.hpp"

#include <algorithm>

namespace radlads::program {

void run_forward(backend_type& b, const model_type& model, std::span<const std::int32_t> ids,
                 model_type::state* state, model_type::saved& saved) {
  tensor<std::int32_t, 2, backend_type> tokens(b, {1, static_cast<std::int64_t>(ids.size())});
  write_on_host(b, tokens, [&](std::int32_t* to) { std::copy(ids.begin(), ids.end(), to); });
  model.forward(b, tokens, state, saved);
}

namespace {

class generator_of_model final : public token_generator {
 public:
  generator_of_model(backend_type& b, const model_type& model) : generator_(b, model) {}
  void take(std::span<const std::int32_t> ids) override { generator_.take(ids); }
  std::int32_t choose(const ops::sampling_options& options, random_stream numbers,
                      std::uint64_t index) override {
    return generator_.choose(options, numbers, index)[0];
  }
  std::int64_t state_bytes() const override { return generator_.state_bytes(); }

 private:
  models::generator<model_type> generator_;
};

}  // namespace

std::unique_ptr<token_generator> make_generator(backend_type& b, const model_type& model) {
  return std::make_unique<generator_of_model>(b, model);
}

std::vector<float> run_logits(backend_type& b, const model_type& model,
                              const model_type::saved& saved) {
  tensor<float, 2, backend_type> logits(b, {saved.normed.extent(0), model.config.vocabulary});
  model.logits(b, saved, logits);
  return to_host(b, logits);
}

}  // namespace radlads::program
