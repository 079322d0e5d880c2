// SPDX-License-Identifier: Apache-2.0
#pragma once
// A text, a tokenizer and a teacher of two layers, made in a directory, and a run on the CPU.

#include "radlads/convert/run_context.hpp"
#include "radlads/convert/settings.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/cpu.hpp"
#include "radlads/io/model_directory.hpp"
#include "radlads/layers/attention_mixer.hpp"
#include "radlads/layers/rad_rwkv7_mixer.hpp"
#include "radlads/models/language_model.hpp"
#include "radlads/text/bpe_trainer.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace radlads::test {

using tiny_model =
    models::language_model<float, cpu_backend, layers::attention_mixer, layers::rad_rwkv7_mixer>;

inline constexpr std::int64_t tiny_vocabulary = 280;

inline models::config tiny_teacher() {
  models::config c;
  c.vocabulary = tiny_vocabulary;
  c.hidden = 16;
  c.intermediate = 24;
  c.layers = 2;
  c.heads = 2;
  c.kv_heads = 1;
  c.head_size = 8;
  c.max_positions = 64;
  c.is_tied = true;
  c.mixers = {"attention", "attention"};
  return c;
}

/// Documents of some words each, between <|endoftext|> lines.
inline std::string tiny_text(int documents = 12) {
  std::string text;
  for (int i = 1; i <= documents; ++i) {
    const std::string n = std::to_string(i);
    text += "Story " + n + ". The cat sat on the mat, and the dog sat by the " + n + " cats.\n";
    text += "Then the cat saw the dog, and the dog saw the cat.\n<|endoftext|>\n";
  }
  return text;
}

inline std::filesystem::path write_text(const std::filesystem::path& file,
                                        const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

inline void write_tiny_tokenizer(const std::filesystem::path& directory) {
  text::bpe_training_options options;
  options.vocabulary_size = static_cast<std::int32_t>(tiny_vocabulary);
  text::bpe_trainer trainer(options);
  trainer.add(tiny_text());
  std::filesystem::create_directories(directory);
  text::write_tokenizer(directory, trainer.train(), options);
}

/// A model directory with a tokenizer.
inline void write_tiny_teacher(cpu_backend& b, const std::filesystem::path& directory,
                               std::uint64_t seed = 5) {
  const std::filesystem::path tokenizer = directory.string() + ".tokenizer";
  write_tiny_tokenizer(tokenizer);
  tiny_model teacher;
  teacher.build(b, tiny_teacher());
  teacher.initialise(b, seed);
  io::save_model(b, teacher.config, teacher.weights, tokenizer, directory);
}

/// Settings of a few steps for steps 1 and 2.
inline convert::settings tiny_settings() {
  convert::settings values;
  for (convert::stage_settings* stage : {&values.align, &values.distill}) {
    stage->batch = 2;
    stage->context = 16;
    stage->tokens = 2 * 16 * 6;
    stage->save_every = 2;
  }
  return values;
}

}  // namespace radlads::test
