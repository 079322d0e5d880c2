// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a GGUF file of a model will hold: metadata, and tensors whose values are made when it is
// their turn. The files beside this one fill it for each architecture.

#include "radlads/core/error.hpp"
#include "radlads/files/gguf_writer.hpp"
#include "radlads/io/dtype.hpp"
#include "radlads/io/gguf/block_types.hpp"
#include "radlads/io/gguf/quantise.hpp"
#include "radlads/io/parameter_names.hpp"
#include "radlads/models/config.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::io {

using tensor_shape = std::vector<std::int64_t>;  ///< slowest axis first
using tensor_values = std::vector<float>;        ///< row-major

/// Tensors of a model by their Hugging Face names, read as float.
class named_tensors {
 public:
  /// `source` must outlive this; `where` names it in errors.
  template <tensor_source S>
  named_tensors(const S& source, std::string where)
      : where_(std::move(where)),
        shape_([&source](const std::string& name) {
          const auto* entry = find_parameter(source, name);
          return entry == nullptr ? tensor_shape() : entry->shape;
        }),
        read_([&source](const std::string& name, const tensor_shape& shape, float* out) {
          read_tensor(*find_parameter(source, name), shape, out);
        }) {}

  bool has(const std::string& name) const { return !shape_(name).empty(); }

  /// Throws when there is no such tensor.
  tensor_shape shape_of(const std::string& name) const {
    tensor_shape shape = shape_(name);
    require(!shape.empty(), where_, ": tensor \"", name, "\" is missing");
    return shape;
  }

  /// The values; throws when the tensor is missing or has another shape.
  tensor_values read(const std::string& name, const tensor_shape& shape) const {
    shape_of(name);
    std::int64_t count = 1;
    for (const std::int64_t extent : shape) count *= extent;
    tensor_values values(static_cast<std::size_t>(count));
    read_(name, shape, values.data());
    return values;
  }

 private:
  std::string where_;
  std::function<tensor_shape(const std::string&)> shape_;
  std::function<void(const std::string&, const tensor_shape&, float*)> read_;
};

/// One tensor of the file. Those that are no matrices stay F32 whatever type is asked for.
struct planned_tensor {
  std::string name;
  tensor_shape shape;
  bool is_matrix = false;
  std::function<tensor_values()> values;
};

/// Metadata, tensors, and sentences about what a user may not expect.
struct export_plan {
  const models::config& config;
  const named_tensors& source;
  files::gguf_writer file;
  std::vector<planned_tensor> tensors = {};
  std::vector<std::string> notes = {};

  /// A tensor that the file has in the same layout as the model.
  void copy(const std::string& name, const std::string& from, const tensor_shape& shape,
            bool is_matrix) {
    tensors.push_back(
        {name, shape, is_matrix, [this, from, shape] { return source.read(from, shape); }});
  }
  /// A row (1, 1, width) of a student, which has one axis in the file.
  void copy_row(const std::string& name, const std::string& from, std::int64_t width) {
    make(name, {width}, false, [this, from, width] { return source.read(from, {1, 1, width}); });
  }
  /// One that is worked out.
  void make(const std::string& name, const tensor_shape& shape, bool is_matrix,
            std::function<tensor_values()> values) {
    tensors.push_back({name, shape, is_matrix, std::move(values)});
  }
};

/// "model.layers.3." and "blk.3."
inline std::string layer_prefix(std::int64_t layer) {
  return "model.layers." + std::to_string(layer) + ".";
}
inline std::string block_prefix(std::int64_t layer) { return "blk." + std::to_string(layer) + "."; }

/// The sizes that every architecture names, under its prefix.
inline void add_sizes(export_plan& plan, std::string_view architecture) {
  const models::config& c = plan.config;
  const std::string prefix = std::string(architecture) + ".";
  const auto add = [&](const char* key, std::int64_t value) {
    plan.file.add(prefix + key, static_cast<std::uint32_t>(value));
  };
  add("context_length", c.max_positions);
  add("embedding_length", c.hidden);
  add("block_count", c.layers);
  add("feed_forward_length", c.intermediate);
  plan.file.add(prefix + "attention.layer_norm_rms_epsilon", static_cast<float>(c.norm_epsilon));
}

/// Embedding, last norm and head. `has_fall_back`: the architecture takes the embedding where there
/// is no head; elsewhere a tied model's embedding is written twice.
inline void add_ends(export_plan& plan, bool has_fall_back) {
  const models::config& c = plan.config;
  const tensor_shape table{c.vocabulary, c.hidden};
  const bool has_embedding = plan.source.has(embedding_name);
  plan.copy("token_embd.weight", has_embedding ? embedding_name : head_name, table, true);
  plan.copy("output_norm.weight", "model.norm.weight", {c.hidden}, false);
  if (!c.is_tied) return plan.copy("output.weight", head_name, table, true);
  if (!has_fall_back)
    plan.copy("output.weight", has_embedding ? embedding_name : head_name, table, true);
}

/// Norms and feed-forward of one layer.
inline void add_norms_and_feed_forward(export_plan& plan, std::int64_t layer) {
  const models::config& c = plan.config;
  const std::string to = block_prefix(layer), from = layer_prefix(layer);
  plan.copy(to + "attn_norm.weight", from + "input_layernorm.weight", {c.hidden}, false);
  plan.copy(to + "ffn_norm.weight", from + "post_attention_layernorm.weight", {c.hidden}, false);
  plan.copy(to + "ffn_gate.weight", from + "mlp.gate_proj.weight", {c.intermediate, c.hidden},
            true);
  plan.copy(to + "ffn_up.weight", from + "mlp.up_proj.weight", {c.intermediate, c.hidden}, true);
  plan.copy(to + "ffn_down.weight", from + "mlp.down_proj.weight", {c.hidden, c.intermediate},
            true);
}

/// The transpose of `rows` x `columns` values at `from`, written to `out`.
inline void transpose(const float* from, std::int64_t rows, std::int64_t columns, float* out) {
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) out[j * rows + i] = from[i * columns + j];
  }
}

/// A low-rank factor (in, out) as the matrix (out, in) that the file has. It stays F32: the
/// reference implementation's converter keeps these so.
inline void add_transposed(export_plan& plan, const std::string& name, const std::string& from) {
  const tensor_shape shape = plan.source.shape_of(from);
  require(shape.size() == 2, "tensor \"", from, "\" has shape ", shape_text(shape),
          ", expected two axes");
  plan.make(name, {shape[1], shape[0]}, false, [&plan, from, shape] {
    tensor_values out(static_cast<std::size_t>(shape[0] * shape[1]));
    transpose(plan.source.read(from, shape).data(), shape[0], shape[1], out.data());
    return out;
  });
}

/// The block type that a tensor gets when `wanted` is asked for: rows that blocks do not divide
/// stay F16.
inline block_type stored_type(const planned_tensor& tensor, block_type wanted) {
  if (!tensor.is_matrix) return block_type::f32;
  const bool divides = tensor.shape.back() % description_of(wanted).values == 0;
  return divides ? wanted : block_type::f16;
}

/// Hands all tensors to the file, in their types, and notes those whose rows are not divisible.
inline void add_tensors(export_plan& plan, block_type wanted, const std::string& where) {
  std::string undivided;
  std::size_t count = 0;
  for (const planned_tensor& tensor : plan.tensors) {
    const block_type type = stored_type(tensor, wanted);
    if (tensor.is_matrix && type != wanted && ++count <= 3)
      undivided += (count > 1 ? ", " : "") + tensor.name;
    std::int64_t values = 1;
    for (const std::int64_t extent : tensor.shape) values *= extent;
    const block_description& block = description_of(type);
    const auto bytes = static_cast<std::uint64_t>(values / block.values * block.bytes);
    const tensor_shape extents(tensor.shape.rbegin(), tensor.shape.rend());
    const auto write = [&tensor, type, bytes, where](files::gguf_tensor_sink& sink) {
      const tensor_values made = tensor.values();
      std::vector<unsigned char> blocks(bytes);
      quantise(type, made.data(), static_cast<std::int64_t>(made.size()), blocks.data(),
               concatenate(where, ": tensor \"", tensor.name, "\""));
      sink.write(blocks.data(), blocks.size());
    };
    plan.file.add_tensor(tensor.name, extents, static_cast<std::uint32_t>(type), bytes, write);
  }
  if (count == 0) return;
  plan.notes.push_back(concatenate(count, " tensors have rows that are not a whole number of ",
                                   description_of(wanted).name, " blocks and stay F16: ", undivided,
                                   count > 3 ? concatenate(" and ", count - 3, " more") : ""));
}

}  // namespace radlads::io
