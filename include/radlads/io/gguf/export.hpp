// SPDX-License-Identifier: Apache-2.0
#pragma once
// A model directory or a GGUF file as a GGUF file that llama.cpp opens.

#include "radlads/core/error.hpp"
#include "radlads/files/gguf.hpp"
#include "radlads/io/gguf/export_plan.hpp"
#include "radlads/io/gguf/export_rwkv6.hpp"
#include "radlads/io/gguf/export_rwkv7.hpp"
#include "radlads/io/gguf/export_softmax.hpp"
#include "radlads/io/gguf/tensors.hpp"
#include "radlads/io/model_description.hpp"
#include "radlads/io/safetensors_reader.hpp"
#include "radlads/models/config.hpp"
#include "radlads/text/gguf_tokenizer_writer.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::io {

/// The GGUF architecture that a model is written as. Throws naming what none has a place for.
inline std::string_view export_architecture(const models::config& c) {
  const std::string& first = c.mixers.at(0);
  for (std::size_t layer = 0; layer < c.mixers.size(); ++layer) {
    require(c.mixers[layer] == first, "a hybrid cannot be exported: layer 0 is ", first,
            " and layer ", layer, " ", c.mixers[layer], ", and no GGUF architecture holds both");
  }
  if (first == softmax_mixer) return softmax_architecture(c);
  if (first == "rad_rwkv6") return rwkv6_architecture;
  require(first == "rad_rwkv7", "a student of ", first,
          " cannot be exported: no GGUF architecture holds it");
  return rwkv7_architecture;
}

namespace detail {

/// The number by which llama.cpp names the type of most tensors.
inline std::uint32_t file_type_number(block_type type) {
  switch (type) {
    case block_type::f32:
      return 0;
    case block_type::f16:
      return 1;
    case block_type::q4_0:
      return 2;
    case block_type::q8_0:
      return 7;
    case block_type::bf16:
      return 32;
    default:
      break;
  }
  fail("export: ", description_of(type).name, " cannot be written");
}

inline std::string model_name(const std::filesystem::path& model) {
  const std::filesystem::path normal = model.lexically_normal();
  return (normal.has_filename() ? normal : normal.parent_path()).stem().string();
}

template <tensor_source S>
std::vector<std::string> export_from(const S& tensors, const model_description& described,
                                     const std::filesystem::path& model, block_type type,
                                     const std::filesystem::path& target) {
  const models::config& c = described.config;
  const std::string_view architecture = export_architecture(c);
  const named_tensors source(tensors, model.string());
  export_plan plan{c, source, files::gguf_writer()};
  plan.notes = described.notes;
  plan.file.add("general.architecture", architecture);
  plan.file.add("general.name", model_name(model));
  plan.file.add("general.file_type", file_type_number(type));
  constexpr std::uint32_t quantisation_version = 2;  // of the block types' layouts
  if (description_of(type).values > 1)
    plan.file.add("general.quantization_version", quantisation_version);
  if (architecture == rwkv6_architecture) {
    plan_rwkv6(plan);
  } else if (architecture == rwkv7_architecture) {
    plan_rwkv7(plan);
  } else {
    plan_softmax(plan, architecture);
  }
  text::write_gguf_tokenizer(model, {c.vocabulary, c.bos, c.pad, c.eos}, plan.file);
  add_tensors(plan, type, target.string());
  plan.file.write(target);
  return plan.notes;
}

}  // namespace detail

/// Writes a model as a GGUF file whose matrices are of a writable type, with its tokenizer and chat
/// template, or replaces one. Returns sentences about what a user may not expect. Throws naming the
/// feature that GGUF has no place for; nothing is written then.
inline std::vector<std::string> export_gguf(const std::filesystem::path& model, block_type type,
                                            const std::filesystem::path& target) {
  const model_description described = read_description(model);
  if (files::is_gguf(model))
    return detail::export_from(gguf_tensors::open(model), described, model, type, target);
  return detail::export_from(safetensors_set::open(model), described, model, type, target);
}

}  // namespace radlads::io
