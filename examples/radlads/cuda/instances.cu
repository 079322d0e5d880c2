// SPDX-License-Identifier: Apache-2.0
#define RADLADS_PROGRAM_INSTANCES template
#include "instances.cuh"
