// SPDX-License-Identifier: Apache-2.0
// Which tensor of a teacher becomes which of a student, printed and carried out.
#include "models/language_model_case.hpp"
#include "radlads/transfer/weight_map.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace radlads::test {
namespace weight_map_test {

using B = cpu_backend;
using model = language_model<float>;

model built(B& b, const models::config& c, std::uint64_t seed) {
  model m;
  m.build(b, c);
  m.initialise(b, seed);
  return m;
}

std::set<std::string> initialised_in(const transfer::weight_map& p) {
  std::set<std::string> names;
  for (const transfer::weight_map_entry& entry : p) {
    if (entry.source.empty()) names.insert(entry.destination);
  }
  return names;
}

struct weight_map_test : testing::Test {
  B b{cpu_options{.threads = 1, .poison = true}};
  models::config softmax = small_model({"attention", "attention"});
  models::config hybrid = small_model({"rad_rwkv7", "attention"});

  std::string refusal(const models::config& teacher, const models::config& student) {
    model t, s;
    t.build(b, teacher);
    s.build(b, student);
    return error_of([&] { transfer::make_weight_map(t, s); });
  }
};

/// What RAD-RWKV7 has and softmax attention does not, in the layer that provides v_first.
const std::set<std::string> recurrent_names{
    "model.layers.0.self_attn.w0", "model.layers.0.self_attn.w1", "model.layers.0.self_attn.w2",
    "model.layers.0.self_attn.a0", "model.layers.0.self_attn.a1", "model.layers.0.self_attn.a2",
    "model.layers.0.self_attn.g1", "model.layers.0.self_attn.g2"};

const std::set<std::string> projection_names{
    "model.layers.0.self_attn.q_proj.weight", "model.layers.0.self_attn.q_proj.bias",
    "model.layers.0.self_attn.k_proj.weight", "model.layers.0.self_attn.k_proj.bias",
    "model.layers.0.self_attn.v_proj.weight", "model.layers.0.self_attn.v_proj.bias",
    "model.layers.0.self_attn.o_proj.weight"};

TEST_F(weight_map_test, every_tensor_of_the_student_has_a_source_or_is_initialised) {
  const model teacher = built(b, softmax, 1), student = built(b, hybrid, 2);
  const transfer::weight_map p = transfer::make_weight_map(teacher, student);
  std::vector<std::string> destinations, wanted;
  for (const transfer::weight_map_entry& entry : p) {
    destinations.push_back(entry.destination);
    if (!entry.source.empty()) {
      EXPECT_EQ(entry.source, entry.destination);
    }
  }
  model::params::for_each([&](const std::string& name, const auto&) { wanted.push_back(name); },
                          student.weights);
  EXPECT_EQ(destinations, wanted);
  EXPECT_EQ(initialised_in(p), recurrent_names);
}

TEST_F(weight_map_test, fresh_projections_are_those_of_recurrent_layers) {
  const model teacher = built(b, softmax, 1), student = built(b, hybrid, 2);
  std::set<std::string> expected = recurrent_names;
  expected.insert(projection_names.begin(), projection_names.end());
  EXPECT_EQ(
      initialised_in(transfer::make_weight_map(teacher, student, {.fresh_projections = true})),
      expected);
}

TEST_F(weight_map_test, a_tied_teacher_gives_its_embedding_to_the_head) {
  softmax.is_tied = true;
  const model teacher = built(b, softmax, 1);
  model student = built(b, hybrid, 2);
  const transfer::weight_map p = transfer::make_weight_map(teacher, student);
  ASSERT_EQ(p.back().destination, "lm_head.weight");
  EXPECT_EQ(p.back().source, "model.embed_tokens.weight");
  transfer::apply(b, p, teacher, student);
  EXPECT_EQ(values_of(student.weights.head), values_of(teacher.weights.embedding));
  EXPECT_EQ(values_of(student.weights.embedding), values_of(teacher.weights.embedding));

  hybrid.is_tied = true;
  const model tied = built(b, hybrid, 2);
  for (const transfer::weight_map_entry& entry : transfer::make_weight_map(teacher, tied)) {
    EXPECT_NE(entry.destination, "lm_head.weight");
  }
}

TEST_F(weight_map_test, biases_the_teacher_lacks_are_initialised) {
  softmax.qkv_bias = false;
  const model teacher = built(b, softmax, 1), student = built(b, hybrid, 2);
  std::set<std::string> expected = recurrent_names;
  for (const char* const layer : {"0", "1"}) {
    for (const char* const part : {"q", "k", "v"}) {
      expected.insert(std::string("model.layers.") + layer + ".self_attn." + part + "_proj.bias");
    }
  }
  EXPECT_EQ(initialised_in(transfer::make_weight_map(teacher, student)), expected);
}

TEST_F(weight_map_test, apply_copies_bits_and_leaves_the_rest) {
  model teacher = built(b, softmax, 1), student = built(b, hybrid, 2);
  // Numbers that arithmetic would not keep: minus zero and a subnormal.
  teacher.weights.embedding.data()[0] = -0.0f;
  teacher.weights.embedding.data()[1] = 1e-41f;
  teacher.weights.norm.data()[0] = 1.75f;
  const auto before = values_by_name<float>(student.weights);
  const auto given = values_by_name<float>(teacher.weights);
  const transfer::weight_map p =
      transfer::make_weight_map(teacher, student, {.fresh_projections = true});
  transfer::apply(b, p, teacher, student);
  const auto after = values_by_name<float>(student.weights);
  for (const transfer::weight_map_entry& entry : p) {
    const std::string& name = entry.destination;
    const std::vector<float>& wanted = entry.source.empty() ? before.at(name) : given.at(name);
    ASSERT_EQ(after.at(name).size(), wanted.size()) << name;
    EXPECT_EQ(std::memcmp(after.at(name).data(), wanted.data(), wanted.size() * sizeof(float)), 0)
        << name;
  }
  EXPECT_NE(before.at("model.layers.1.self_attn.q_proj.weight"),
            after.at("model.layers.1.self_attn.q_proj.weight"));
}

TEST_F(weight_map_test, sizes_that_disagree_are_named_with_both_numbers) {
  const auto changed = [&](std::int64_t models::config::*size, std::int64_t value) {
    models::config c = hybrid;
    c.*size = value;
    return c;
  };
  softmax.vocabulary = 512;
  EXPECT_EQ(refusal(softmax, changed(&models::config::vocabulary, 500)),
            "transfer: the teacher has vocabulary 512, the student 500");
  softmax.vocabulary = hybrid.vocabulary;
  EXPECT_EQ(refusal(softmax, changed(&models::config::hidden, 12)),
            "transfer: the teacher has hidden size 10, the student 12");
  EXPECT_EQ(refusal(softmax, changed(&models::config::intermediate, 15)),
            "transfer: the teacher has intermediate size 14, the student 15");
  EXPECT_EQ(refusal(softmax, changed(&models::config::heads, 6)),
            "transfer: the teacher has head count 4, the student 6");
  EXPECT_EQ(refusal(softmax, changed(&models::config::kv_heads, 4)),
            "transfer: the teacher has key/value head count 2, the student 4");
  EXPECT_EQ(refusal(softmax, changed(&models::config::head_size, 8)),
            "transfer: the teacher has head size 4, the student 8");
  EXPECT_EQ(refusal(softmax, small_model({"rad_rwkv7", "rad_rwkv7", "rad_rwkv7"})),
            "transfer: the teacher has layer count 2, the student 3");
}

TEST_F(weight_map_test, prints_one_line_a_tensor) {
  softmax.is_tied = true;
  const model teacher = built(b, softmax, 1), student = built(b, hybrid, 2);
  std::ostringstream text;
  const transfer::weight_map p = transfer::make_weight_map(teacher, student);
  transfer::print(p, text);
  std::istringstream lines(text.str());
  std::set<std::string> found;
  for (std::string line; std::getline(lines, line);) found.insert(line);
  EXPECT_EQ(found.size(), p.size());
  for (const char* const line : {"model.embed_tokens.weight (13, 10) <- the same",
                                 "model.layers.0.self_attn.w0 (1, 1, 16) <- initialised",
                                 "model.layers.0.self_attn.k_proj.bias (8) <- the same",
                                 "lm_head.weight (13, 10) <- model.embed_tokens.weight"}) {
    EXPECT_TRUE(found.contains(line)) << line << " is not in\n" << text.str();
  }
}

}  // namespace weight_map_test
}  // namespace radlads::test
