// SPDX-License-Identifier: Apache-2.0
// Teachers of every family that is read, against transformers 5.24 in float32: from the same
// config.json and the same weights the same logits (families.json), behind the last three of 24
// tokens.
#include "radlads/cpu.hpp"
#include "radlads/files/json.hpp"
#include "radlads/io/config_reader.hpp"
#include "radlads/io/config_writer.hpp"
#include "radlads/layers/attention_mixer.hpp"
#include "radlads/layers/rad_rwkv7_mixer.hpp"
#include "radlads/models/language_model.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::test {
namespace families_test {

using B = cpu_backend;
using model = models::language_model<float, B, layers::attention_mixer, layers::rad_rwkv7_mixer>;

/// Entry i of the weight of that name, the same in the program that wrote families.json: a hash of
/// both, from -1 to 1, scaled by what the weight is.
float weight_of(std::string_view name, std::int64_t i) {
  std::uint32_t seed = 0x811c9dc5u;
  for (const char c : name) seed = (seed ^ static_cast<std::uint8_t>(c)) * 0x01000193u;
  std::uint32_t x = static_cast<std::uint32_t>(i) * 2654435761u + seed;
  for (int turn = 0; turn < 2; ++turn) {
    x ^= x >> 16;
    x *= 0x45d9f3bu;
  }
  x ^= x >> 16;
  const double u = static_cast<double>(x) / 2147483648.0 - 1.0;
  if (name.ends_with("norm.weight")) return static_cast<float>(1 + 0.3 * u);
  if (name.ends_with(".bias")) return static_cast<float>(0.5 * u);
  if (name == "model.embed_tokens.weight") return static_cast<float>(u);
  return static_cast<float>(0.3 * u);
}

class families : public temporary_directory {
 protected:
  static files::json expected() {
    return files::read_json(RADLADS_SOURCE_DIR "/tests/models/families.json");
  }

  models::config described(const files::json& config) const {
    put("config.json", config.dump());
    return io::read_config(directory_);
  }

  std::vector<float> logits(const models::config& c, const std::vector<std::int32_t>& ids) {
    model m;
    m.build(backend_, c);
    model::params::for_each(
        [](const std::string& name, auto& tensor) {
          for (std::int64_t i = 0; i < tensor.size(); ++i) tensor.data()[i] = weight_of(name, i);
        },
        m.weights);
    const auto count = static_cast<std::int64_t>(ids.size());
    model::saved saved;
    m.forward(backend_, {ids.data(), {1, count}}, nullptr, saved);
    tensor<float, 2, B> out(backend_, {count, c.vocabulary});
    m.logits(backend_, saved, out);
    return {out.data(), out.data() + out.size()};
  }

  B backend_{{.threads = 1, .poison = true}};
};

TEST_F(families, have_the_logits_of_transformers) {
  const files::json file = expected();
  const auto ids = file["ids"].get<std::vector<std::int32_t>>();
  ASSERT_EQ(file["models"].size(), 9u);
  for (const files::json& each : file["models"]) {
    SCOPED_TRACE(each["name"]);
    const models::config c = described(each["config"]);
    const std::vector<float> found = logits(c, ids);
    const auto vocabulary = static_cast<std::size_t>(c.vocabulary);
    const std::size_t first = (ids.size() - each["logits"].size()) * vocabulary;
    double largest = 0, error = 0;
    for (std::size_t i = first; i < found.size(); ++i) {
      const double right = each["logits"][(i - first) / vocabulary][i % vocabulary];
      largest = std::max(largest, std::abs(right));
      error = std::max(error, std::abs(found[i] - right));
    }
    EXPECT_GT(largest, 2.0);
    EXPECT_LT(error, 1e-4);
  }
}

TEST_F(families, are_written_as_what_they_are) {
  for (const files::json& each : expected()["models"]) {
    SCOPED_TRACE(each["name"]);
    const models::config c = described(each["config"]);
    io::write_config(c, io::dtype::f32, directory_);
    EXPECT_EQ(io::read_config(directory_), c);
    EXPECT_EQ(files::json::parse(get("config.json"))["model_type"], each["config"]["model_type"]);
  }
}

TEST_F(families, leave_their_rotary_scaling_to_their_students) {
  for (const files::json& each : expected()["models"]) {
    SCOPED_TRACE(each["name"]);
    models::config student = described(each["config"]);
    student.mixers[0] = "rad_rwkv7";
    student.options = described({{"architectures", {"RWKV7Qwen2ForCausalLM"}},
                                 {"vocab_size", 1},
                                 {"hidden_size", 1},
                                 {"intermediate_size", 1},
                                 {"num_hidden_layers", 1},
                                 {"num_attention_heads", 1},
                                 {"num_key_value_heads", 1}})
                          .options;
    student.options.use_rope = true;
    io::write_config(student, io::dtype::f32, directory_);
    EXPECT_EQ(io::read_config(directory_), student);
    EXPECT_EQ(models::mixer_sizes(student, 0).rope_scaling, student.rope_scaling);
  }
}

}  // namespace families_test
}  // namespace radlads::test
