// SPDX-License-Identifier: Apache-2.0
// Names are for files and messages alone: a model whose tensors all have other names, none with a
// word or a dot in it, takes the same weights over from its teacher, trains to the same bytes in
// every stage and finds the same ranks.
#include "models/language_model_case.hpp"
#include "radlads/core/hash.hpp"
#include "radlads/distill/align.hpp"
#include "radlads/distill/distillation.hpp"
#include "radlads/distill/trainer.hpp"
#include "radlads/io/model_directory.hpp"
#include "radlads/transfer/weight_map.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace radlads::test {
namespace renamed_tensors_test {

using B = cpu_backend;
using plain = language_model<float>;

std::string other_name(const std::string& name) { return std::to_string(stream_of(name)); }

/// The model of the other names. Its weights are lent to a plain model, which computes.
class renamed {
 public:
  using scalar_type = float;
  using backend_type = B;
  using layers_type = plain::layers_type;
  using saved = plain::saved;
  using state = plain::state;

  struct params : plain::params {
    template <class F, class... P>
    static void for_each(F&& f, P&... p) {
      plain::params::for_each(
          [&](tensor_info info, auto&... each) {
            info.name = other_name(info.name);
            f(info, each...);
          },
          p...);
    }
  };

  models::config config;
  layers_type layers;
  params weights;

  void take(plain&& from) {
    config = from.config;
    layers = from.layers;
    static_cast<plain::params&>(weights) = std::move(from.weights);
    model_.config = config;
    model_.layers = layers;
  }
  static auto head_of(const params& p) { return plain::head_of(p); }
  static auto head_of(params& p) { return plain::head_of(p); }

  void forward(B& b, view<const std::int32_t, 2> ids, state* carried, saved& s) const {
    const loan open(*this);
    model_.forward(b, ids, carried, s);
  }
  template <class Finished>
  void backward(B& b, view<const std::int32_t, 2> ids, view<const float, 2> dnormed, saved& s,
                params& grads, const Finished& finished) const {
    const loan open(*this);
    model_.backward(b, ids, dnormed, s, grads, finished);
  }

 private:
  struct loan {
    const renamed& of;
    explicit loan(const renamed& r) : of(r) { exchange(); }
    ~loan() { exchange(); }
    void exchange() const {
      std::swap(of.model_.weights,
                const_cast<plain::params&>(static_cast<const plain::params&>(of.weights)));
    }
  };
  mutable plain model_;
};

std::vector<std::vector<float>> values_of(const plain::params& weights) {
  std::vector<std::vector<float>> values;
  plain::params::for_each(
      [&](const tensor_info&, const auto& each) {
        values.emplace_back(each.data(), each.data() + each.size());
      },
      weights);
  return values;
}

struct renamed_tensors_test : testing::Test {
  B b{cpu_options{.threads = 1, .poison = true}};
  models::config softmax = small_model({"attention", "attention", "attention", "attention"});
  models::config hybrid = small_model({"rad_rwkv7", "attention", "rad_rwkv6", "rad_rwkv7"});
  std::vector<std::int32_t> ids = some_ids(2 * 9);
  view<const std::int32_t, 2> batch{ids.data(), {2, 9}};

  void SetUp() override { softmax.is_tied = true; }

  plain built(const models::config& c, std::uint64_t seed) {
    plain model;
    model.build(b, c);
    model.initialise(b, seed);
    return model;
  }
  renamed with_other_names(const models::config& c, std::uint64_t seed) {
    renamed model;
    model.take(built(c, seed));
    return model;
  }

  distill::trainer_options options(distill::trainable what) {
    distill::trainer_options o;
    o.what = what;
    o.schedule = {.initial = 1e-2, .final = 1e-2, .steps = 10};
    o.mixer_schedule = optim::schedule_options{.initial = 3e-3, .final = 3e-3, .steps = 10};
    o.adamw.weight_decay = 0.1;
    return o;
  }

  template <class Model, class Objective>
  void train(Model& model, Objective objective, distill::trainable what) {
    distill::trainer<Model> trainer(b, model, options(what));
    for (int step = 0; step < 3; ++step) trainer.step(b, objective, batch);
  }

  /// The three ways to train, one after the other.
  template <class Model>
  std::vector<std::vector<float>> trained(Model&& model, const plain& teacher) {
    const auto before = values_of(model.weights);
    train(model, distill::alignment<plain, std::remove_reference_t<Model>>(teacher, model),
          distill::trainable::mixers);
    const auto aligned = values_of(model.weights);
    EXPECT_NE(aligned, before);
    train(model, distill::next_token<std::remove_reference_t<Model>>(model, 2, false),
          distill::trainable::decay_and_shift);
    EXPECT_NE(values_of(model.weights), aligned);
    train(model, distill::next_token<std::remove_reference_t<Model>>(model, 2, false),
          distill::trainable::everything);
    return values_of(model.weights);
  }

  template <class Model>
  std::vector<std::vector<float>> transferred(const Model& teacher, Model student, bool is_fresh) {
    const transfer::weight_map map =
        transfer::make_weight_map(teacher, student, {.fresh_projections = is_fresh});
    transfer::apply(b, map, teacher, student);
    return values_of(student.weights);
  }
};

TEST_F(renamed_tensors_test, transfer_copies_the_same_bytes) {
  for (const bool is_fresh : {false, true}) {
    const auto before = values_of(built(hybrid, 2).weights);
    const auto expected = transferred(built(softmax, 1), built(hybrid, 2), is_fresh);
    EXPECT_NE(expected, before);
    EXPECT_EQ(transferred(with_other_names(softmax, 1), with_other_names(hybrid, 2), is_fresh),
              expected);
  }
}

TEST_F(renamed_tensors_test, all_stages_train_to_the_same_bytes) {
  const plain teacher = built(softmax, 1);
  const auto expected = trained(built(hybrid, 2), teacher);
  EXPECT_EQ(trained(with_other_names(hybrid, 2), teacher), expected);
}

TEST_F(renamed_tensors_test, the_same_tensors_have_moments) {
  for (const distill::trainable what : {distill::trainable::everything, distill::trainable::mixers,
                                        distill::trainable::decay_and_shift}) {
    plain one = built(hybrid, 2);
    renamed other = with_other_names(hybrid, 2);
    distill::trainer<plain> of_one(b, one, options(what));
    distill::trainer<renamed> of_other(b, other, options(what));
    EXPECT_EQ(values_of(of_other.optimizer().m), values_of(of_one.optimizer().m));
  }
}

TEST_F(renamed_tensors_test, the_ranks_of_a_description_are_found) {
  const renamed model = with_other_names(hybrid, 2);
  models::config bare = hybrid;
  bare.options = {};
  EXPECT_EQ(io::with_ranks(bare, model.weights).options, hybrid.options);
}

}  // namespace renamed_tensors_test
}  // namespace radlads::test
