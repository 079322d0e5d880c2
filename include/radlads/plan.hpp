// SPDX-License-Identifier: Apache-2.0
#pragma once
// How much memory a model and its training need, without having it (tests/distill/plan_test.cpp):
//
//   radlads::plan_backend b;
//   my_model<radlads::bf16, radlads::plan_backend> model;
//   model.build(b, description);
//   ... a step of training, as on a card ...
//   b.peak_bytes();
//
// Everything computes nothing; shapes are checked as ever.

#include "radlads/core/plan/backend.hpp"
#include "radlads/ops/plan/operations.hpp"
#include "radlads/optim/plan/adamw.hpp"
#include "radlads/recurrence/plan/scan.hpp"
