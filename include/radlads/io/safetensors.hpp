// SPDX-License-Identifier: Apache-2.0
#pragma once
// Public header of safetensors: safetensors_file and safetensors_set read, safetensors_writer writes.

#include "radlads/io/safetensors_header.hpp"
#include "radlads/io/safetensors_reader.hpp"
#include "radlads/io/safetensors_writer.hpp"
