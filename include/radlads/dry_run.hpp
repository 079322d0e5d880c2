// SPDX-License-Identifier: Apache-2.0
#pragma once
// How much memory a model and its training need, without having it
// (tests/distill/dry_run_test.cpp):
//
//   radlads::dry_run_backend b;
//   my_model<radlads::bf16, radlads::dry_run_backend> model;
//   model.build(b, description);
//   ... a step of training, as on a GPU ...
//   b.peak_bytes();
//
// Everything computes nothing; shapes are checked as ever.

#include "radlads/core/dry_run/backend.hpp"
#include "radlads/ops/dry_run/operations.hpp"
#include "radlads/optim/dry_run/adamw.hpp"
#include "radlads/recurrence/dry_run/scan.hpp"
