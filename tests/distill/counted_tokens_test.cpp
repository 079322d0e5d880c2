// SPDX-License-Identifier: Apache-2.0
// A loss on marked tokens is the sum of what single tokens add to it. The models look back alone,
// so a token adds the difference between a row that ends with it and one that ends before it, and
// these are rows whose tokens all count.
#include "models/language_model_case.hpp"
#include "radlads/distill/align.hpp"
#include "radlads/distill/distillation.hpp"
#include "radlads/distill/replicas.hpp"
#include "support/error_of.hpp"
#include "support/temporary_directory.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace counted_tokens_test {

using B = cpu_backend;
using model = models::language_model<double, B, layers::attention_mixer, layers::rad_rwkv7_mixer>;
using ids_type = std::vector<std::int32_t>;

constexpr std::int64_t rows = 4, tokens = 6;

/// Loss and gradients.
using outcome = named_values<double>;

void add(outcome& to, const outcome& from, double factor) {
  for (const auto& [name, values] : from) {
    std::vector<double>& sum = to[name];
    sum.resize(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) sum[i] += factor * values[i];
  }
}

struct counted_tokens_test : testing::Test {
  B b{cpu_options{.threads = 3, .poison = true}};
  model teacher = made({"attention", "attention", "attention"}, 1);
  model student = made({"rad_rwkv7", "attention", "rad_rwkv7"}, 0.8);
  ids_type ids = some_ids(rows * (tokens + 1));
  // The third row has none; the others have different numbers of them.
  ids_type marks = {0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 1};

  model made(const std::vector<std::string>& mixers, double scale) {
    const models::config c = small_model(mixers);
    named_values<double> point = model_point(b, c);
    for (auto& [name, values] : point) {
      for (double& each : values) each *= scale;
    }
    model result;
    result.build(b, c);
    set_by_name(point, result.weights);
    return result;
  }

  template <class Objective>
  outcome run(Objective& objective, const ids_type& given, std::int64_t count) {
    model::params grads;
    allocate_like(b, student.weights, grads);
    const view<const std::int32_t, 2> batch(
        given.data(), {count, static_cast<std::int64_t>(given.size()) / count});
    const double loss = objective(b, batch, &grads).loss;
    outcome result = values_by_name<double>(grads);
    result["loss"] = {loss};
    return result;
  }

  /// Ids of a row up to `length` tokens, with the one behind where there are targets.
  ids_type beginning(std::int64_t row, std::int64_t length, bool has_targets) const {
    const auto first = ids.begin() + row * (tokens + 1);
    return {first, first + length + (has_targets ? 1 : 0)};
  }

  /// What marked tokens add, from rows that end with each and before each.
  template <class Make>
  outcome expected(const Make& make) {
    outcome sum;
    double count = 0;
    for (std::int64_t n = 0; n < rows * tokens; ++n) {
      if (marks[static_cast<std::size_t>(n)] == 0) continue;
      count += 1;
      const std::int64_t row = n / tokens, length = n % tokens + 1;
      auto whole = make(false);
      const bool has_targets = whole.needs_targets();
      add(sum, run(whole, beginning(row, length, has_targets), 1), static_cast<double>(length));
      if (length == 1) continue;
      auto before = make(false);
      add(sum, run(before, beginning(row, length - 1, has_targets), 1),
          -static_cast<double>(length - 1));
    }
    outcome mean;
    add(mean, sum, 1 / count);
    return mean;
  }

  ids_type marked(bool has_targets) const {
    ids_type all;
    for (std::int64_t row = 0; row < rows; ++row) {
      const ids_type own = beginning(row, tokens, has_targets);
      all.insert(all.end(), own.begin(), own.end());
      all.insert(all.end(), marks.begin() + row * tokens, marks.begin() + (row + 1) * tokens);
    }
    return all;
  }

  /// make(is_marked) is an objective.
  template <class Make>
  void check(const Make& make) {
    const outcome wanted = expected(make);
    auto objective = make(true);
    const outcome found = run(objective, marked(objective.needs_targets()), rows);
    ASSERT_EQ(found.size(), wanted.size());
    for (const auto& [name, values] : found) {
      EXPECT_LT(relative_error(values, wanted.at(name)), 1e-9) << name;
    }
  }
};

TEST_F(counted_tokens_test, alignment_is_on_marked_tokens) {
  for (const bool is_squared : {false, true}) {
    check([&](bool is_marked) {
      return distill::alignment<model, model>(
          teacher, student, {.micro_batch = 2, .is_squared = is_squared, .is_marked = is_marked});
    });
  }
}

TEST_F(counted_tokens_test, distillation_is_on_marked_tokens) {
  for (const double ce_weight : {0.0, 0.5}) {
    check([&](bool is_marked) {
      return distill::distillation<model, model>(
          teacher, student, {.micro_batch = 3, .ce_weight = ce_weight, .is_marked = is_marked});
    });
  }
}

TEST_F(counted_tokens_test, next_tokens_are_marked_ones) {
  check([&](bool is_marked) { return distill::next_token<model>(student, 1, false, is_marked); });
}

TEST_F(counted_tokens_test, replicas_weigh_their_parts_by_marked_tokens) {
  distill::next_token<model> whole(student, 4, false, true);
  const outcome wanted = run(whole, marked(true), rows);
  for (const int count : {2, 3, 4}) {
    distill::replicas<distill::next_token<model>, model::params> parts(
        count, student, std::int64_t{2}, false, true);
    for (const auto& [name, values] : run(parts, marked(true), rows)) {
      EXPECT_LT(relative_error(values, wanted.at(name)), order_tolerance<double>) << name;
    }
  }
}

TEST_F(counted_tokens_test, rows_without_a_mark_have_no_loss) {
  marks.assign(marks.size(), 0);
  distill::alignment<model, model> align(teacher, student, {.is_marked = true});
  distill::distillation<model, model> distil(teacher, student, {.is_marked = true});
  const auto expect_zero = [&](const outcome& found) {
    for (const auto& [name, values] : found) {
      for (const double each : values) ASSERT_EQ(each, 0) << name;
    }
  };
  expect_zero(run(align, marked(false), rows));
  expect_zero(run(distil, marked(false), rows));
}

TEST_F(counted_tokens_test, rejects_marks_that_are_none) {
  distill::next_token<model> objective(student, 4, false, true);
  ids_type given = marked(true);
  given[static_cast<std::size_t>(tokens + 2)] = 2;
  EXPECT_TRUE(says(error_of([&] { run(objective, given, rows); }), {"mark of a token is 2"}));
}

}  // namespace counted_tokens_test
}  // namespace radlads::test
