// SPDX-License-Identifier: Apache-2.0
// GGUF files that export writes, of small models whose weights are the same everywhere: their
// bytes, and what llama.cpp (build of October 2026) makes of them, beside the model's own logits.
// Read back, a file gives the same logits to the bit.
#include "radlads/core/hash.hpp"
#include "radlads/cpu.hpp"
#include "radlads/files/json.hpp"
#include "radlads/files/mapped.hpp"
#include "radlads/io/gguf/export.hpp"
#include "radlads/io/model_directory.hpp"
#include "radlads/layers/attention_mixer.hpp"
#include "radlads/layers/rad_rwkv6_mixer.hpp"
#include "radlads/layers/rad_rwkv7_mixer.hpp"
#include "radlads/models/language_model.hpp"
#include "support/temporary_directory.hpp"
#include "text/small_tokenizer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::test {
namespace export_test {

using B = cpu_backend;
using model = models::language_model<float, B, layers::attention_mixer, layers::rad_rwkv6_mixer,
                                     layers::rad_rwkv7_mixer>;

/// Entry i of the weight of that name: a hash of both as 16 bits from -1 to 1, which a float holds,
/// scaled by a power of two.
float weight_of(std::string_view name, std::int64_t i) {
  std::uint32_t seed = 0x811c9dc5u;
  for (const char c : name) seed = (seed ^ static_cast<std::uint8_t>(c)) * 0x01000193u;
  std::uint32_t x = static_cast<std::uint32_t>(i) * 2654435761u + seed;
  for (int turn = 0; turn < 2; ++turn) {
    x ^= x >> 16;
    x *= 0x45d9f3bu;
  }
  const float u = static_cast<float>(static_cast<std::int32_t>(x >> 16) - 32768) / 32768.0f;
  const auto is_any = [&](std::initializer_list<std::string_view> endings) {
    return std::ranges::any_of(endings,
                               [&](std::string_view each) { return name.ends_with(each); });
  };
  if (is_any({"norm.weight", ".k_k", ".k_a", "ln_x.weight"})) return 1 + u / 4;
  if (name == "model.embed_tokens.weight") return u;
  if (name.ends_with(".time_decay")) return 0.5f * u - 1;
  if (name.ends_with("time_decay_w2")) return u / 64;
  if (is_any({".bias", ".w0", ".a0", ".v0", "time_maa_x", "time_maa_r", "time_maa_k", "time_maa_v",
              "time_maa_w", "time_maa_g"}))
    return u / 2;
  return u / 8;
}

models::config small(const std::string& mixer) {
  models::config c;
  c.vocabulary = 268;
  c.hidden = 128;
  c.intermediate = 96;
  c.layers = 2;
  c.heads = 2;
  c.kv_heads = 1;
  c.head_size = 64;
  c.max_positions = 64;
  c.qkv_bias = false;
  c.eos = {263};
  c.mixers.assign(2, mixer);
  return c;
}

models::config llama() {
  models::config c = small("attention");
  c.rope_base = 500000;
  c.rope_scaling = {ops::rope_scaling_kind::llama3, 8, 1, 4, 8192};
  return c;
}

models::config qwen2() {
  models::config c = small("attention");
  c.qkv_bias = c.is_tied = true;
  return c;
}

models::config qwen3() {
  models::config c = small("attention");
  c.qk_norm = true;
  c.heads = 4;
  return c;
}

models::config rwkv6(bool shifts, int gate) {
  models::config c = small("rad_rwkv6");
  c.qkv_bias = c.is_tied = true;
  c.options.token_shift = shifts;
  c.options.gate_rank_type = gate;
  c.options.rank_decay = 8;
  c.options.rank_token_shift = 4;
  return c;
}

models::config rwkv7(bool has_norm, int gate, std::int64_t heads = 2) {
  models::config c = small("rad_rwkv7");
  c.options.balance_state = c.options.use_rope = false;
  c.options.group_norm = has_norm;
  c.options.gate_rank_type = gate;
  c.options.rank_decay = c.options.rank_value_mix = 8;
  c.options.rank_iclr = 4;
  c.options.rank_gate = 16;
  c.heads = heads;
  c.head_size = 128 / heads;
  return c;
}

struct exported {
  std::string name;
  models::config config;
  bool is_exact = true;  // what is worked out rounds nothing
};

std::vector<exported> models_to_export() {
  return {{"llama", llama()},
          {"qwen2", qwen2()},
          {"qwen3", qwen3()},
          {"rwkv6qwen2", rwkv6(true, 1)},
          {"rwkv6qwen2 without shift and gate", rwkv6(false, 0)},
          {"arwkv7", rwkv7(false, 2)},
          {"arwkv7 with group norm and a full gate", rwkv7(true, 1), false},
          {"arwkv7 of one head without gate", rwkv7(true, 0, 1), false}};
}

const std::vector<std::int32_t> ids{5, 15, 239, 16, 107, 12, 31, 3, 250, 250, 3, 231};

class export_test : public temporary_directory {
 protected:
  std::vector<float> logits(const model& m) {
    model::saved saved;
    const auto count = static_cast<std::int64_t>(ids.size());
    m.forward(backend_, {ids.data(), {1, count}}, nullptr, saved);
    tensor<float, 2, B> out(backend_, {count, m.config.vocabulary});
    m.logits(backend_, saved, out);
    return {out.data(), out.data() + out.size()};
  }

  /// Writes a model directory, with the description's own weights.
  void make(const models::config& c, model& m) {
    m.build(backend_, c);
    model::params::for_each(
        [](const std::string& name, auto& tensor) {
          for (std::int64_t i = 0; i < tensor.size(); ++i) tensor.data()[i] = weight_of(name, i);
        },
        m.weights);
    std::filesystem::create_directory(path("tokenizer"));
    json tokenizer = small_byte_level();
    tokenizer["added_tokens"] = {added_token(263, "<end>")};
    put("tokenizer/tokenizer.json", tokenizer.dump());
    put("tokenizer/tokenizer_config.json", R"({"eos_token": "<end>"})");
    io::save_options options;
    options.existing = io::replaced::whole_directory;
    io::save_model(backend_, m.config, m.weights, path("tokenizer"), path("model"), options);
  }

  /// The model in a GGUF file.
  std::vector<float> logits_of_file(const std::filesystem::path& file) {
    const io::model_description described = io::read_description(file);
    model m;
    m.build(backend_, described.config);
    EXPECT_EQ(io::read_parameters(backend_, file, m.weights), std::vector<std::string>());
    return logits(m);
  }

  std::string refusal(const models::config& c) {
    return error_of([&] { io::export_architecture(c); });
  }

  B backend_{{.threads = 1, .poison = true}};
};

TEST_F(export_test, files_are_those_that_llama_cpp_agreed_on) {
  const files::json expected = files::read_json(RADLADS_SOURCE_DIR "/tests/models/export.json");
  for (const exported& each : models_to_export()) {
    SCOPED_TRACE(each.name);
    model m;
    make(each.config, m);
    EXPECT_EQ(io::export_gguf(path("model"), io::block_type::f32, path("model.gguf")),
              std::vector<std::string>());
    const std::vector<float> own = logits(m);
    const std::vector<float> back = logits_of_file(path("model.gguf"));
    if (each.is_exact) {
      EXPECT_EQ(back, own);
    }
    for (std::size_t i = 0; i < own.size(); ++i) ASSERT_NEAR(back[i], own[i], 1e-4) << i;
    ASSERT_TRUE(expected.contains(each.name));
    const files::json& said = expected[each.name];
    EXPECT_EQ(fnv1a(files::mapped_file::open(path("model.gguf")).text()),
              said["hash"].get<std::uint64_t>());
    const auto rows = own.size() / ids.size();
    for (std::size_t row = 0; row < ids.size(); ++row) {
      const float* of_row = own.data() + row * rows;
      double sum = 0;
      for (std::size_t i = 0; i < rows; ++i) sum += std::exp(static_cast<double>(of_row[i]));
      for (std::size_t j = 0; j < said["tokens"][row].size(); ++j) {
        const auto token = said["tokens"][row][j].get<std::size_t>();
        EXPECT_NEAR(of_row[token] - std::log(sum), said["log_probabilities"][row][j].get<double>(),
                    1e-3)
            << row;
      }
    }
  }
}

TEST_F(export_test, matrices_have_the_type_asked_for_and_the_rest_is_f32) {
  model m;
  make(rwkv6(true, 1), m);
  EXPECT_EQ(io::export_gguf(path("model"), io::block_type::q8_0, path("model.gguf")),
            std::vector<std::string>());
  const files::gguf_file file = files::gguf_file::open(path("model.gguf"));
  const auto type = [&](const char* name) { return file.find_tensor(name)->type; };
  EXPECT_EQ(type("token_embd.weight"), 8u);
  EXPECT_EQ(type("output.weight"), 8u);
  EXPECT_EQ(type("blk.1.time_mix_gate.weight"), 8u);
  EXPECT_EQ(type("blk.1.ffn_down.weight"), 8u);
  for (const char* name :
       {"output_norm.weight", "blk.0.attn_norm.weight", "blk.0.time_mix_w1.weight",
        "blk.0.time_mix_w2.weight", "blk.0.time_mix_lerp_fused.weight",
        "blk.0.time_mix_decay_w2.weight", "blk.0.time_mix_key.bias"}) {
    EXPECT_EQ(type(name), 0u) << name;
  }
  EXPECT_EQ(file.get<std::int64_t>("general.file_type"), 7);
  const std::vector<float> own = logits(m), back = logits_of_file(path("model.gguf"));
  double worst = 0;
  for (std::size_t i = 0; i < own.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(own[i] - back[i])));
  EXPECT_GT(worst, 0);
  EXPECT_LT(worst, 0.5);
}

TEST_F(export_test, rows_that_blocks_do_not_divide_stay_f16) {
  models::config c = qwen2();
  c.intermediate = 80;
  model m;
  make(c, m);
  const std::vector<std::string> notes =
      io::export_gguf(path("model"), io::block_type::q4_0, path("model.gguf"));
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_TRUE(says(
      notes[0], {"2 tensors", "Q4_0", "stay F16: blk.0.ffn_down.weight, blk.1.ffn_down.weight"}));
  const files::gguf_file file = files::gguf_file::open(path("model.gguf"));
  EXPECT_EQ(file.find_tensor("blk.0.ffn_down.weight")->type, 1u);
  EXPECT_EQ(file.find_tensor("blk.0.ffn_up.weight")->type, 2u);
  EXPECT_EQ(file.find_tensor("blk.0.ffn_up.weight")->extents, (std::vector<std::int64_t>{128, 80}));
}

TEST_F(export_test, a_decay_that_may_reach_its_floor_is_told_with_its_figure) {
  model m;
  make(rwkv6(true, 1), m);
  model::params::for_each(
      [](const std::string& name, auto& tensor) {
        // One channel of layer 1: d = 1 and |w2| sums to 8 times 1/8.
        if (name == "model.layers.1.self_attn.time_decay") tensor.data()[7] = 1;
        for (std::int64_t r = 0; name == "model.layers.1.self_attn.time_decay_w2" && r < 8; ++r)
          tensor.data()[r * 128 + 7] = r % 2 == 0 ? 0.125f : -0.125f;
      },
      m.weights);
  io::save_model(backend_, m.config, m.weights, path("tokenizer"), path("model"));
  const std::vector<std::string> notes =
      io::export_gguf(path("model"), io::block_type::f32, path("model.gguf"));
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_TRUE(says(notes[0], {"in 1 layers", "reaches at most 2 (layer 1)", "1.6094"}));
}

TEST_F(export_test, refuses_by_name_what_no_gguf_architecture_holds) {
  const auto with = [](models::config c, auto&& change) {
    change(c);
    return c;
  };
  models::config hybrid = rwkv6(true, 1);
  hybrid.mixers[1] = "attention";
  EXPECT_TRUE(says(refusal(hybrid), {"hybrid", "layer 0 is rad_rwkv6", "layer 1 attention"}));
  const auto six = [&](auto&& change) {
    return error_of([&] { io::check_rwkv6_export(with(rwkv6(true, 1), change)); });
  };
  EXPECT_TRUE(says(six([](auto& c) { c.options.use_rope = true; }),
                   {"RAD-RWKV6", "rotary position", "rwkv6qwen2"}));
  EXPECT_TRUE(says(six([](auto& c) { c.options.balance_state = false; }), {"unbalanced keys"}));
  EXPECT_TRUE(says(six([](auto& c) { c.options.group_norm = true; }), {"group norm"}));
  EXPECT_TRUE(says(six([](auto& c) { c.options.gate_rank_type = 2; }), {"low-rank gate"}));
  EXPECT_TRUE(says(six([](auto& c) { c.qk_norm = true; }), {"q/k norms"}));
  EXPECT_TRUE(says(six([](auto& c) { c.output_bias = true; }), {"bias on the output"}));
  EXPECT_TRUE(says(six([](auto& c) { c.heads = 4; }), {"heads times head size"}));
  const auto seven = [&](auto&& change) {
    return error_of([&] { io::check_rwkv7_export(with(rwkv7(false, 2), change)); });
  };
  EXPECT_TRUE(says(seven([](auto& c) { c.options.balance_state.reset(); }),
                   {"RAD-RWKV7", "balanced keys", "arwkv7.yaml"}));
  EXPECT_TRUE(says(seven([](auto& c) { c.options.use_rope.reset(); }), {"rotary position"}));
  EXPECT_TRUE(says(seven([](auto& c) { c.qkv_bias = true; }), {"biases on q, k and v"}));
  EXPECT_TRUE(says(seven([](auto& c) { c.qk_norm = true; }), {"q/k norms"}));
  EXPECT_TRUE(
      says(refusal(with(qwen3(), [](auto& c) { c.qkv_bias = c.output_bias = true; })), {"qwen3"}));
  EXPECT_TRUE(says(refusal(with(qwen2(), [](auto& c) { c.rope_scaling = llama().rope_scaling; })),
                   {"qwen2", "llama3"}));
  EXPECT_EQ(io::export_architecture(with(llama(), [](auto& c) { c.family = "mistral"; })), "llama");
}

TEST_F(export_test, refuses_foreign_models_of_a_students_architecture) {
  model m;
  make(rwkv7(false, 2), m);
  io::export_gguf(path("model"), io::block_type::f32, path("model.gguf"));
  std::string bytes = get("model.gguf");
  const files::gguf_file file = files::gguf_file::open(path("model.gguf"));
  const auto changed = [&](const char* tensor) {
    std::string other = bytes;
    other[file.find_tensor(tensor)->offset + 3] = 0x3f;
    put("other.gguf", other);
    return error_of([&] { io::read_description(path("other.gguf")); });
  };
  EXPECT_TRUE(says(changed("blk.1.time_mix_r_k.weight"),
                   {"blk.1.time_mix_r_k.weight", "is not zero", "bonus"}));
  EXPECT_TRUE(says(changed("blk.0.time_mix_lerp_fused.weight"), {"is not zero", "token shift"}));
}

}  // namespace export_test
}  // namespace radlads::test
