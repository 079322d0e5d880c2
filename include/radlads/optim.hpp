// SPDX-License-Identifier: Apache-2.0
#pragma once
// Public header: how parameters change. Each step takes the rate of learning_rate(), the factor of
// clip(), and gives both to adamw::update().

#include "radlads/optim/adamw.hpp"
#include "radlads/optim/clip.hpp"
#include "radlads/optim/schedule.hpp"

#if defined(__CUDACC__)
#include "radlads/cuda.cuh"
#else
#include "radlads/cpu.hpp"
#endif
