// SPDX-License-Identifier: Apache-2.0
#pragma once
// Public header of model directories in the Hugging Face layout: read_description and read_parameters read
// one, save_model writes one.

#include "radlads/io/architecture.hpp"
#include "radlads/io/config_reader.hpp"
#include "radlads/io/config_writer.hpp"
#include "radlads/io/generation_config.hpp"
#include "radlads/io/model_description.hpp"
#include "radlads/io/model_directory.hpp"
#include "radlads/io/parameter_names.hpp"
#include "radlads/io/parameters.hpp"
#include "radlads/io/rope_reader.hpp"
