// SPDX-License-Identifier: Apache-2.0
// Sharded AdamW against AdamW on the summed gradient. The ranks are threads.

#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/cpu.hpp"
#include "radlads/optim/adamw.hpp"
#include "radlads/optim/clip.hpp"
#include "radlads/optim/sharded_adamw.hpp"
#include "support/error_of.hpp"
#include "support/thread_ranks.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace radlads::test {
namespace sharded_adamw_test {

template <class T>
struct tensors_of {
  tensor<T, 2, cpu_backend> a;
  tensor<T, 1, cpu_backend> frozen, z;

  template <class F, class P, class... Rest>
  static void for_each(F&& f, P& p, Rest&... rest) {
    visit(f, "a", p.a, rest.a...);
    visit(f, "frozen", p.frozen, rest.frozen...);
    visit(f, "z", p.z, rest.z...);
  }

  void fill(cpu_backend& b, double seed) {
    a.resize(b, {3, 7});
    frozen.resize(b, {4});
    z.resize(b, {10});
    for_each(
        [&](const std::string&, auto& each) {
          for (std::int64_t i = 0; i < each.size(); ++i)
            each.data()[i] = static_cast<T>(static_cast<accumulate_t<T>>(std::sin(seed += 0.7)));
        },
        *this);
  }
  std::vector<double> all() const {
    std::vector<double> values;
    for_each(
        [&](const std::string&, const auto& each) {
          for (std::int64_t i = 0; i < each.size(); ++i)
            values.push_back(static_cast<double>(static_cast<accumulate_t<T>>(each.data()[i])));
        },
        *this);
    return values;
  }
};
using two_tensors = tensors_of<double>;
const auto is_trained = [](const tensor_info& info) { return info.name != "frozen"; };
const auto rates = [](const tensor_info& info) { return info.name == "a" ? 1e-2 : 3e-3; };

/// Gradients of a rank at a step.
double seed_of(int rank, std::int64_t step) {
  return 10.0 * rank + 0.3 * static_cast<double>(step);
}

/// Parameters and moments after five steps of AdamW on the gradients of all ranks, added up here.
std::vector<std::vector<double>> expected(int count, const optim::adamw_options& options) {
  cpu_backend b({.threads = 1, .poison = true});
  two_tensors p, g, own;
  p.fill(b, 1);
  optim::adamw<two_tensors> whole;
  whole.options = options;
  whole.start(b, p, is_trained);
  for (std::int64_t step = 1; step <= 5; ++step) {
    g.fill(b, seed_of(0, step));
    for (int rank = 1; rank < count; ++rank) {
      own.fill(b, seed_of(rank, step));
      two_tensors::for_each(
          [](const std::string&, auto& to, const auto& from) {
            for (std::int64_t i = 0; i < to.size(); ++i) to.data()[i] += from.data()[i];
          },
          g, own);
    }
    const auto norm = optim::clip(b, g, 0.8, is_trained);
    whole.update(
        b, p, g, [](const tensor_info& info) { return is_trained(info) ? rates(info) : 0; },
        norm.factor);
  }
  return {p.all(), whole.m.all(), whole.v.all()};
}

void expect_near(const std::vector<double>& found, const std::vector<double>& wanted,
                 double tolerance = 1e-14) {
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], wanted[i], tolerance) << i;
}

TEST(sharded_adamw, is_adamw_on_the_sum_of_all_ranks) {
  const optim::adamw_options options{.weight_decay = 0.1};
  for (const int count : {1, 2, 5}) {
    const auto wanted = expected(count, options);
    for (const std::int64_t bucket : {1, 8, 100}) {
      on_ranks(count, [&](thread_ranks& ranks) {
        cpu_backend b({.threads = 1, .poison = true});
        two_tensors p, g, m, v;
        p.fill(b, 1);
        optim::sharded_adamw<double, cpu_backend> own(bucket);
        own.start(ranks, b, p, is_trained);
        EXPECT_LE(own.own_size(), 31 / count + 31 / bucket + 1);
        for (std::int64_t step = 1; step <= 5; ++step) {
          g.fill(b, seed_of(ranks.rank(), step));
          const auto norm = own.sum(ranks, b, g, is_trained, 0.8);
          own.update(ranks, b, p, is_trained, options, step, rates, norm.factor);
        }
        expect_near(p.all(), wanted[0]);
        if (ranks.rank() == 0) {
          allocate_like(b, p, m, is_trained);
          allocate_like(b, p, v, is_trained);
        }
        own.collect(ranks, b, m, v, p, is_trained);
        if (ranks.rank() > 0) return;
        expect_near(m.all(), wanted[1]);
        expect_near(v.all(), wanted[2]);
      });
    }
  }
}

/// Master and moments after five steps of AdamW in float on the gradients of all ranks, which are
/// rounded before they are added up.
std::vector<std::vector<double>> expected_of_rounded(int count) {
  cpu_backend b({.threads = 1, .poison = true});
  tensors_of<float> p, sum;
  tensors_of<bf16> own;
  p.fill(b, 1);
  optim::adamw<tensors_of<float>> whole;
  whole.start(b, p, is_trained);
  for (std::int64_t step = 1; step <= 5; ++step) {
    allocate_like(b, p, sum);
    for (int rank = 0; rank < count; ++rank) {
      own.fill(b, seed_of(rank, step));
      tensors_of<float>::for_each(
          [](const std::string&, auto& to, const auto& from) {
            for (std::int64_t i = 0; i < to.size(); ++i)
              to.data()[i] += static_cast<float>(from.data()[i]);
          },
          sum, own);
    }
    whole.update(
        b, p, sum, [](const tensor_info& info) { return is_trained(info) ? rates(info) : 0; }, 0.5);
  }
  return {p.all(), whole.m.all(), whole.v.all()};
}

TEST(sharded_adamw, of_a_storage_type_updates_its_part_of_the_master) {
  const auto wanted = expected_of_rounded(3);
  on_ranks(3, [&](thread_ranks& ranks) {
    cpu_backend b({.threads = 1, .poison = true});
    tensors_of<float> exact, m, v;
    tensors_of<bf16> p, g;
    exact.fill(b, 1);
    p.fill(b, 1);
    optim::sharded_adamw<bf16, cpu_backend> own(8);
    own.start_from(ranks, b, p, exact, is_trained);
    for (std::int64_t step = 1; step <= 5; ++step) {
      g.fill(b, seed_of(ranks.rank(), step));
      own.sum(ranks, b, g, is_trained, 0);
      own.update(ranks, b, p, is_trained, {}, step, rates, 0.5);
    }
    const std::vector<double> before = exact.all();
    own.collect_master(ranks, b, exact, p, is_trained, ranks.rank() != 1);
    if (ranks.rank() == 1) {
      EXPECT_EQ(exact.all(), before);
    } else {
      expect_near(exact.all(), wanted[0], 1e-6);
      tensors_of<float>::for_each(
          [](const std::string&, const auto& master, const auto& rounded) {
            for (std::int64_t i = 0; i < master.size(); ++i)
              EXPECT_EQ(bf16(master.data()[i]).bits, rounded.data()[i].bits) << i;
          },
          exact, p);
    }
    if (ranks.rank() == 0) {
      allocate_like(b, p, m, is_trained);
      allocate_like(b, p, v, is_trained);
    }
    own.collect(ranks, b, m, v, p, is_trained);
    if (ranks.rank() > 0) return;
    expect_near(m.all(), wanted[1], 1e-6);
    expect_near(v.all(), wanted[2], 1e-6);
  });
}

TEST(sharded_adamw, goes_on_from_moments_that_were_whole) {
  on_ranks(3, [](thread_ranks& ranks) {
    cpu_backend b({.threads = 1, .poison = true});
    two_tensors m, v, found_m, found_v;
    m.fill(b, 4);
    v.fill(b, 7);
    optim::sharded_adamw<double, cpu_backend> own(8);
    own.start(ranks, b, m, is_trained);
    own.adopt(ranks, b, m, v, is_trained);
    allocate_like(b, m, found_m, is_trained);
    allocate_like(b, m, found_v, is_trained);
    own.collect(ranks, b, found_m, found_v, m, is_trained);
    if (ranks.rank() > 0) return;
    m.frozen.release();
    v.frozen.release();
    EXPECT_EQ(found_m.all(), m.all());
    EXPECT_EQ(found_v.all(), v.all());
  });
}

TEST(sharded_adamw, names_a_sum_that_is_not_finite_on_every_rank) {
  on_ranks(3, [](thread_ranks& ranks) {
    cpu_backend b({.threads = 1, .poison = true});
    two_tensors g;
    g.fill(b, 1);
    optim::sharded_adamw<double, cpu_backend> own(8);
    own.start(ranks, b, g, is_trained);
    const double norm = own.sum(ranks, b, g, is_trained, 0).norm;
    EXPECT_GT(norm, 0);
    g.frozen.data()[0] = std::numeric_limits<double>::quiet_NaN();
    EXPECT_EQ(own.sum(ranks, b, g, is_trained, 0).norm, norm);
    if (ranks.rank() == 1) g.z.data()[9] = std::numeric_limits<double>::quiet_NaN();
    EXPECT_EQ(error_of([&] { own.sum(ranks, b, g, is_trained, 0); }),
              "clip: the gradient of z is not finite");
  });
}

}  // namespace sharded_adamw_test
}  // namespace radlads::test
