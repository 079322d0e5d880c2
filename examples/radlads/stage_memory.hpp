// SPDX-License-Identifier: Apache-2.0
#pragma once
// The memory of a stage, counted by one step on a backend that only counts.

#include "memory.hpp"
#include "radlads/distill/trainer.hpp"
#include "settings.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace radlads::program {

/// Bytes by kind.
struct plan {
  std::int64_t parameters = 0, teacher_parameters = 0;
  std::size_t teacher = 0, weights = 0, gradients = 0, optimizer = 0, step = 0;
  std::size_t exchange = 0;  ///< what ranks send and receive

  std::size_t total() const { return teacher + weights + gradients + optimizer + step + exchange; }
};

/// One step of a stage on `rows` rows, with these tensors trained. T is the precision: float or
/// bf16, where the student's float weights are there as well, as its master copy.
template <class T>
plan plan_stage(const std::string& stage, const stage_settings& s, const stage_models& models,
                std::int64_t rows, distill::trainable what);

}  // namespace radlads::program
