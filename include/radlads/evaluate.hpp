// SPDX-License-Identifier: Apache-2.0
#pragma once
// Public header of evaluation sets, scored as lm-eval 0.4.13 does, sets by templates, and tests of
// the texts that a model writes.
//
//   const evaluate::task_documents set = evaluate::read_task("data", "piqa");
//   std::vector<evaluate::request> requests;
//   for (const auto& text : evaluate::all_options(set))
//     requests.push_back(evaluate::encode_request(text, encode, encode_alone, prefix));
//   evaluate::likelihood_scorer<model_type> score(model);
//   const auto results = evaluate::task_results("piqa", set, score(backend, requests));

#include "radlads/evaluate/answers.hpp"
#include "radlads/evaluate/document.hpp"
#include "radlads/evaluate/generation.hpp"
#include "radlads/evaluate/loglikelihood.hpp"
#include "radlads/evaluate/metrics.hpp"
#include "radlads/evaluate/needle.hpp"
#include "radlads/evaluate/prompts.hpp"
#include "radlads/evaluate/request.hpp"
#include "radlads/evaluate/results.hpp"
#include "radlads/evaluate/shared_inputs.hpp"
#include "radlads/evaluate/strings.hpp"
#include "radlads/evaluate/task.hpp"
#include "radlads/evaluate/task_file.hpp"
#include "radlads/evaluate/task_template.hpp"
#include "radlads/evaluate/tasks.hpp"

#if defined(__CUDACC__)
#include "radlads/cuda.cuh"
#else
#include "radlads/cpu.hpp"
#endif
