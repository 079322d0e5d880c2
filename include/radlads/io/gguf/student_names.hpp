// SPDX-License-Identifier: Apache-2.0
#pragma once
// Tensor names of students in GGUF files (rwkv6qwen2, arwkv7), those of Hugging Face for the same
// tensors, and how the values lie.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace radlads::io {

inline constexpr std::string_view rwkv6_architecture = "rwkv6qwen2";
inline constexpr std::string_view rwkv7_architecture = "arwkv7";

inline bool is_student_architecture(std::string_view name) {
  return name == rwkv6_architecture || name == rwkv7_architecture;
}

/// How a file has a tensor in comparison with Hugging Face's.
enum class gguf_layout : std::uint8_t {
  rows,        ///< in the same order
  row,         ///< a row (1, 1, C) of which the file keeps the last axis
  transposed,  ///< a low-rank factor
  shift_down,  ///< w1 (C, 5 R) of the token shift: the five parts in another order, transposed
  shift_up,    ///< w2 (5, R, C) of it: the five matrices in another order, each transposed
  parts        ///< the five rows of the token shift, one behind the other
};

/// The order of the five blends in rwkv6qwen2 files (w, k, v, r, g), as places in ours (r, k, v, w,
/// g), and their names in the files' order.
inline constexpr std::array<std::size_t, 5> rwkv6_blends{3, 1, 2, 0, 4};
inline constexpr std::array<std::string_view, 5> rwkv6_blend_names{
    "time_maa_w", "time_maa_k", "time_maa_v", "time_maa_r", "time_maa_g"};

/// A tensor of a student's mixer: behind "blk.N.time_mix_" and "model.layers.N.self_attn.". Of
/// `rows` both names go on with ".weight" or ".bias"; the others' go on with ".weight" in GGUF
/// files alone.
struct student_name {
  std::string_view gguf, huggingface;
  gguf_layout layout = gguf_layout::rows;
};

inline constexpr std::array<student_name, 12> rwkv6_names{
    {{"receptance", "q_proj"},
     {"key", "k_proj"},
     {"value", "v_proj"},
     {"gate", "gate"},
     {"output", "o_proj"},
     {"decay", "time_decay", gguf_layout::row},
     {"decay_w1", "time_decay_w1", gguf_layout::transposed},
     {"decay_w2", "time_decay_w2", gguf_layout::transposed},
     {"lerp_x", "time_maa_x", gguf_layout::row},
     {"lerp_fused", "", gguf_layout::parts},
     {"w1", "time_maa_w1", gguf_layout::shift_down},
     {"w2", "time_maa_w2", gguf_layout::shift_up}}};

inline constexpr std::array<student_name, 19> rwkv7_names{{{"receptance", "q_proj"},
                                                           {"key", "k_proj"},
                                                           {"value", "v_proj"},
                                                           {"output", "o_proj"},
                                                           {"ln", "ln_x"},
                                                           {"w0", "w0", gguf_layout::row},
                                                           {"a0", "a0", gguf_layout::row},
                                                           {"v0", "v0", gguf_layout::row},
                                                           {"k_k", "k_k", gguf_layout::row},
                                                           {"k_a", "k_a", gguf_layout::row},
                                                           {"r_k", "r_k", gguf_layout::row},
                                                           {"w1", "w1", gguf_layout::transposed},
                                                           {"w2", "w2", gguf_layout::transposed},
                                                           {"a1", "a1", gguf_layout::transposed},
                                                           {"a2", "a2", gguf_layout::transposed},
                                                           {"v1", "v1", gguf_layout::transposed},
                                                           {"v2", "v2", gguf_layout::transposed},
                                                           {"g1", "g1", gguf_layout::transposed},
                                                           {"g2", "g2", gguf_layout::transposed}}};

/// What a tensor of a student's mixer is: its full name, and its layout.
struct student_tensor {
  std::string prefix;  ///< "model.layers.N.self_attn."
  std::string name;    ///< behind it; empty where the tensor is several of Hugging Face's
  gguf_layout layout;
};

/// The tensor that a GGUF name of a student stands for, or nothing for one that is not of a mixer.
inline std::optional<student_tensor> find_student_tensor(std::string_view architecture,
                                                         std::string_view gguf) {
  constexpr std::string_view begin = "blk.", middle = ".time_mix_";
  const std::size_t cut = gguf.find(middle), end = gguf.rfind('.');
  if (!gguf.starts_with(begin) || cut == std::string_view::npos || cut < begin.size() ||
      end < cut + middle.size())
    return std::nullopt;
  const std::string_view layer = gguf.substr(begin.size(), cut - begin.size());
  if (layer.empty() || layer.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  const std::string_view part = gguf.substr(cut + middle.size(), end - cut - middle.size()),
                         kind = gguf.substr(end);
  const std::span<const student_name> names = architecture == rwkv6_architecture
                                                  ? std::span<const student_name>(rwkv6_names)
                                                  : std::span<const student_name>(rwkv7_names);
  for (const student_name& each : names) {
    if (each.gguf != part) continue;
    const bool is_plain = each.layout == gguf_layout::rows;
    if (kind != ".weight" && !(is_plain && kind == ".bias")) return std::nullopt;
    return student_tensor{"model.layers." + std::string(layer) + ".self_attn.",
                          std::string(each.huggingface) + (is_plain ? std::string(kind) : ""),
                          each.layout};
  }
  return std::nullopt;
}

/// What the receptance of an arwkv7 file is multiplied by in comparison with the mixer's: the
/// file's graph has no factor 1/sqrt(K) without group norm, and with it an epsilon of 64e-5 where
/// the mixer's is K 1e-5.
inline double rwkv7_receptance_factor(std::int64_t head_size, bool has_group_norm) {
  const auto size = static_cast<double>(head_size);
  return has_group_norm ? std::sqrt(64 / size) : 1 / std::sqrt(size);
}

}  // namespace radlads::io
