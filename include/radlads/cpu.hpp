// SPDX-License-Identifier: Apache-2.0
#pragma once
// Every operation on the CPU. The public headers include what they need of it where g++ or clang++
// compiles them. A source for nvcc that also computes on a cpu_backend includes it itself.

#include "radlads/core/cpu/backend.hpp"
#include "radlads/ops/cpu/attention.hpp"
#include "radlads/ops/cpu/convert.hpp"
#include "radlads/ops/cpu/cross_entropy.hpp"
#include "radlads/ops/cpu/embedding.hpp"
#include "radlads/ops/cpu/kl_divergence.hpp"
#include "radlads/ops/cpu/l2norm_map.hpp"
#include "radlads/ops/cpu/map.hpp"
#include "radlads/ops/cpu/matmul.hpp"
#include "radlads/ops/cpu/norm.hpp"
#include "radlads/ops/cpu/normalize.hpp"
#include "radlads/ops/cpu/repeat_heads.hpp"
#include "radlads/ops/cpu/rope.hpp"
#include "radlads/ops/cpu/sample.hpp"
#include "radlads/ops/cpu/squared_error.hpp"
#include "radlads/ops/cpu/sum_rows.hpp"
#include "radlads/ops/cpu/token_shift.hpp"
#include "radlads/recurrence/cpu/scan.hpp"
