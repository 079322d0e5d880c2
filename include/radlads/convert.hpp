// SPDX-License-Identifier: Apache-2.0
#pragma once
// Public header: a softmax teacher into a linear-attention student (Goldstein et al. 2025,
// https://arxiv.org/abs/2505.03005), resumable at every step.
//
//   using model = models::language_model<float, cpu_backend, layers::attention_mixer,
//                                        layers::rad_rwkv7_mixer>;
//   cpu_backend b;
//   convert::alone ranks;
//   const convert::run_context<model> run{b, ranks};
//   convert::teacher_model<model> teacher(run, "teacher");
//   convert::settings values;                              // tokens, rates, sizes of every stage
//   convert::check_student<model>(teacher.config(), "rad_rwkv7", values);
//   const convert::text_inputs files({"stories.txt"});
//   const auto text = convert::read_training_text(run, files, "teacher", teacher.config());
//   convert::run_conversion(run, teacher, text, values, {.student = "rad_rwkv7", .out =
//   "student"});
//
// The same call continues what was interrupted. run_stage is one stage alone, make_student the
// transfer alone, estimate_memory what a stage will take; observer hears of progress and messages,
// and the library prints nothing. examples/06_convert.cpp is a whole program.

#include "radlads/convert/conversion.hpp"
#include "radlads/convert/memory.hpp"
#include "radlads/convert/objectives.hpp"
#include "radlads/convert/observer.hpp"
#include "radlads/convert/settings_checks.hpp"
#include "radlads/convert/stages.hpp"
#include "radlads/convert/student.hpp"
#include "radlads/convert/training_text.hpp"
#include "radlads/layers/attention_mixer.hpp"
#include "radlads/layers/rad_rwkv6_mixer.hpp"
#include "radlads/layers/rad_rwkv7_mixer.hpp"
#include "radlads/models/language_model.hpp"

#if defined(__CUDACC__)
#include "radlads/cuda.cuh"
#else
#include "radlads/cpu.hpp"
#endif
