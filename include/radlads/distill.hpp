// SPDX-License-Identifier: Apache-2.0
#pragma once
// Public header: training a student on its teacher (Goldstein et al. 2025,
// https://arxiv.org/abs/2505.03005).
//
//   distill::trainer_options options;
//   options.what = distill::trainable::mixers;                    // step 1
//   options.schedule.steps = 1221;
//   distill::trainer<student_model> trainer(b, student, options);
//   distill::alignment<teacher_model, student_model> objective(teacher, student);
//   while (trainer.steps() < 1221) report(trainer.step(b, objective, next_rows()));
//
// Objectives are exchangeable: alignment for step 1, distillation for step 2, next_token for step 3
// and for a teacher of one's own; any object that is called as they are will do. The rows come from
// data.hpp. evaluator scores documents, also against the teacher.

#include "radlads/distill/align.hpp"
#include "radlads/distill/distillation.hpp"
#include "radlads/distill/evaluate.hpp"
#include "radlads/distill/objective.hpp"
#include "radlads/distill/trainer.hpp"

#if defined(__CUDACC__)
#include "radlads/cuda.cuh"
#else
#include "radlads/cpu.hpp"
#endif
