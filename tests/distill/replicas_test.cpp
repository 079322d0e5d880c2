// SPDX-License-Identifier: Apache-2.0
// Replicas give the loss and gradient of one objective on the whole batch.

#include "radlads/cpu.hpp"
#include "radlads/distill/distillation.hpp"
#include "radlads/distill/replicas.hpp"
#include "radlads/layers/attention_mixer.hpp"
#include "radlads/models/language_model.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace radlads {
namespace replicas_test {

using model_type = models::language_model<double, cpu_backend, layers::attention_mixer>;
using objective = distill::next_token<model_type>;
using replicated = distill::replicas<objective, model_type::params>;

models::config small() {
  models::config c;
  c.vocabulary = 11;
  c.hidden = 8;
  c.intermediate = 12;
  c.layers = 2;
  c.heads = 2;
  c.kv_heads = 1;
  c.head_size = 4;
  c.mixers = {"attention", "attention"};
  return c;
}

class replicas_test : public testing::Test {
 protected:
  replicas_test() {
    model_.build(backend_, small());
    model_.initialise(backend_, 3);
    for (std::int32_t i = 0; i < 7 * 6; ++i) ids_.push_back((i * i + 3 * i) % 11);
  }

  view<const std::int32_t, 2> rows(std::int64_t count) const { return {ids_.data(), {count, 6}}; }

  template <class Objective>
  std::vector<double> gradient(Objective& run, std::int64_t count, double* loss) {
    model_type::params grads;
    allocate_like(backend_, model_.weights, grads);
    *loss = run(backend_, rows(count), &grads).loss;
    std::vector<double> all;
    model_type::params::for_each(
        [&](const std::string&, const auto& each) {
          all.insert(all.end(), each.data(), each.data() + each.size());
        },
        grads);
    return all;
  }

  cpu_backend backend_{{.threads = 3, .poison = true}};
  model_type model_;
  std::vector<std::int32_t> ids_;
};

TEST_F(replicas_test, sum_to_the_whole_batch) {
  objective whole(model_, 4);
  double expected_loss = 0, loss = 0;
  const std::vector<double> expected = gradient(whole, 7, &expected_loss);
  for (const int count : {1, 2, 3, 5, 9}) {
    replicated parts(count, model_, std::int64_t{4});
    const std::vector<double> found = gradient(parts, 7, &loss);
    EXPECT_NEAR(loss, expected_loss, 1e-12) << count;
    EXPECT_LT(test::relative_error(found, expected), test::order_tolerance<double>) << count;
  }
}

TEST_F(replicas_test, repeat_to_the_bit_and_forget_the_last_gradient) {
  replicated parts(3, model_, std::int64_t{2});
  double first_loss = 0, second_loss = 0;
  const std::vector<double> first = gradient(parts, 7, &first_loss);
  const std::vector<double> second = gradient(parts, 7, &second_loss);
  EXPECT_EQ(first_loss, second_loss);
  EXPECT_EQ(first, second);
}

TEST_F(replicas_test, add_to_a_gradient_that_is_there) {
  replicated parts(2, model_, std::int64_t{2});
  model_type::params grads;
  allocate_like(backend_, model_.weights, grads);
  parts(backend_, rows(4), &grads);
  const double once = grads.embedding.data()[5];
  parts(backend_, rows(4), &grads);
  EXPECT_EQ(grads.embedding.data()[5], 2 * once);
}

TEST_F(replicas_test, hand_on_an_error_of_any_part) {
  ids_[40] = 99;
  replicated parts(2, model_, std::int64_t{2});
  EXPECT_THROW(parts(backend_, rows(7), nullptr), error);
}

TEST_F(replicas_test, refuse_to_be_none) {
  EXPECT_THROW(replicated(0, model_, std::int64_t{2}), error);
}

}  // namespace replicas_test
}  // namespace radlads
