// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a run is made from, in words and hashes short enough for its record: a run that continues
// compares them with its own.

#include "model.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace radlads::program {

/// Facts by name, such as "teacher.rope_theta" and "teacher.weights".
using identity = std::map<std::string, std::string>;

/// A hash as records have it: sixteen hexadecimal digits.
std::string hex(std::uint64_t value);

/// What makes a model directory the one it is, each name behind "`prefix`.": every key of its
/// config.json, a hash of the tensors in its files and one of its tokenizer's files. The tensors
/// are hashed where the file lies in memory; on CUDA nothing comes back from the GPU. A GGUF file
/// holds all of this and has one hash.
identity model_identity(const std::filesystem::path& directory, const std::string& prefix);

/// A hash of the files of a directory that decide which ids a text becomes.
std::uint64_t tokenizer_hash(const std::filesystem::path& directory);

/// A hash of names and values of all weights of a model in memory.
std::uint64_t weights_hash(backend_type& b, const model_type& model);

}  // namespace radlads::program
