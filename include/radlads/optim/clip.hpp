// SPDX-License-Identifier: Apache-2.0
#pragma once
// The global norm of a gradient and the factor that keeps it within a bound.

#include "radlads/core/arena.hpp"
#include "radlads/core/backend.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/ops/sum_rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

namespace radlads::optim {

/// Euclidean norm of a gradient, and what to multiply the gradient by.
struct gradient_norm {
  double norm = 0;
  double factor = 1;
};

/// A norm with the factor min(1, max_norm / (norm + 1e-6)), as PyTorch's clip_grad_norm_ has it; a
/// max_norm of 0 does not clip.
inline gradient_norm factor_of(double norm, double max_norm) {
  return {norm, max_norm > 0 ? std::min(1.0, max_norm / (norm + 1e-6)) : 1.0};
}

/// Norm over all tensors of `gradients` that `counts(info)`, and its factor. The gradient
/// itself is left alone: the optimizer takes the factor. Throws, with the tensor's name, on a
/// gradient that is not finite.
template <parameter_set P, backend B, class Counts = every_tensor>
gradient_norm clip(B& b, const P& gradients, double max_norm, const Counts& counts = {}) {
  require(max_norm >= 0, "clip: max_norm is ", max_norm);
  std::vector<std::string> names;
  P::for_each(
      [&](const tensor_info& info, const auto&) {
        if (counts(info)) names.push_back(info.name);
      },
      gradients);
  // All sums first, then one look at them: a GPU is waited for once.
  const auto count = static_cast<std::int64_t>(names.size());
  scratch_scope<B> scope(b);
  const view_on<double, 1, B> sums = scope.template take<double, 1>({count});
  std::int64_t next = 0;
  P::for_each(
      [&](const tensor_info& info, const auto& gradient) {
        if (!counts(info)) return;
        using T = typename std::remove_cvref_t<decltype(gradient)>::element_type;
        ops::sum_squares_into<T>(b, gradient.flat(),
                                 view_on<double, 1, B>(sums.data() + next++, {1}));
      },
      gradients);
  std::vector<double> squares(names.size());
  if (count > 0) b.copy(squares.data(), sums.data(), squares.size() * sizeof(double));
  b.synchronize();
  double sum = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    require(std::isfinite(squares[i]), "clip: the gradient of ", names[i], " is not finite");
    sum += squares[i];
  }
  return factor_of(std::sqrt(sum), max_norm);
}

}  // namespace radlads::optim
