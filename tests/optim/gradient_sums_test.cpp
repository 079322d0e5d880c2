// SPDX-License-Identifier: Apache-2.0
// Buckets in the order in which their gradients are final, and each sum once: as soon as the
// backward pass is launched, or at the end. The ranks are threads.

#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/cpu.hpp"
#include "radlads/optim/gradient_sums.hpp"
#include "support/thread_ranks.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace gradient_sums_test {

template <class T>
struct three_tensors {
  tensor<T, 1, cpu_backend> first, frozen, middle, last;

  template <class F, class P, class... Rest>
  static void for_each(F&& f, P& p, Rest&... rest) {
    visit(f, "first", p.first, rest.first...);
    visit(f, "frozen", p.frozen, rest.frozen...);
    visit(f, "middle", p.middle, rest.middle...);
    visit(f, "last", p.last, rest.last...);
  }

  void fill(cpu_backend& b, double value) {
    first.resize(b, {5});
    frozen.resize(b, {3});
    middle.resize(b, {7});
    last.resize(b, {4});
    for_each(
        [&](const std::string&, auto& each) {
          for (std::int64_t i = 0; i < each.size(); ++i)
            each.data()[i] = static_cast<T>(static_cast<accumulate_t<T>>(value++));
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
const auto is_trained = [](const tensor_info& info) { return info.name != "frozen"; };

using places = std::vector<std::int64_t>;
places begins_of(const std::vector<optim::bucket_place>& buckets) {
  places result;
  for (const auto& each : buckets) result.push_back(each.all.begin);
  return result;
}

TEST(buckets_by_finish, are_all_in_the_order_of_their_last_gradient) {
  // Three tensors of 10, 10 and 5, of which the last is final first.
  const auto finish_of = [](const parallel::part& range) -> std::int64_t {
    return range.begin < 10 ? 2 : range.begin < 20 ? 1 : 0;
  };
  const auto found = optim::buckets_by_finish(25, 4, 1, 2, finish_of);
  EXPECT_EQ(begins_of(found), (places{20, 24, 12, 16, 0, 4, 8}));
  // This rank's elements lie where they do in any order.
  EXPECT_EQ(found[0].offset, 10);
  EXPECT_EQ(found[0].own.begin, 22);
  EXPECT_EQ(found[0].own.end, 24);
  EXPECT_EQ(found[4].offset, 0);
  EXPECT_EQ(optim::buckets_by_finish(0, 4, 0, 2, finish_of).size(), 0u);
}

/// What a step on two ranks leaves: sums, and which buckets were summed when.
template <class T>
struct outcome {
  std::vector<double> sums;
  places before_finish, all;
};

/// `has_launched` is whether the objective got as far as telling that its work is launched.
template <class T>
outcome<T> sum_on(thread_ranks& ranks, bool has_launched) {
  cpu_backend b({.threads = 1, .poison = true});
  three_tensors<T> gradients;
  gradients.fill(b, ranks.rank() == 0 ? 1 : 100);
  optim::gradient_sums<T, cpu_backend> sums(b, 4);
  outcome<T> result;
  const auto finish_order = [&](const auto& f) {
    f(std::int64_t{0}, gradients.last);
    f(std::int64_t{1}, gradients.middle);
  };
  const auto sum = [&](cpu_backend& beside, const auto& row, const optim::bucket_place& place,
                       accumulate_t<T>* staging) {
    result.all.push_back(place.all.begin);
    optim::all_reduce_bucket(ranks, beside, row, place, staging);
  };
  sums.begin(gradients, is_trained, ranks.rank(), ranks.size(), finish_order, sum);
  sums.mark(0);
  sums.mark(1);
  if (has_launched) sums.launched();
  result.before_finish = result.all;
  sums.finish();
  EXPECT_EQ(begins_of(sums.places()), result.all);
  result.sums = gradients.all();
  return result;
}

template <class T>
void expect_sums() {
  for (const bool has_launched : {true, false}) {
    on_ranks(2, [&](thread_ranks& ranks) {
      // One rank fails before its work is launched: it makes the same sums all the same.
      const outcome<T> found = sum_on<T>(ranks, has_launched || ranks.rank() == 0);
      // Elements 0 to 4 are of a tensor of which nobody says when it is final.
      EXPECT_EQ(found.all, (places{12, 8, 0, 4}));
      const bool was_launched = has_launched || ranks.rank() == 0;
      EXPECT_EQ(found.before_finish, was_launched ? (places{12, 8}) : places{});
      for (std::size_t i = 0; i < found.sums.size(); ++i) {
        const auto at = static_cast<double>(i);
        const bool is_frozen = i >= 5 && i < 8;
        const double own = ranks.rank() == 0 ? 1 + at : 100 + at;
        EXPECT_EQ(found.sums[i], is_frozen ? own : 101 + 2 * at) << i;
      }
    });
  }
}

TEST(gradient_sums, are_made_once_and_in_the_same_order_on_all_ranks) { expect_sums<double>(); }
// Whole numbers up to 256 are exact in bf16.
TEST(gradient_sums, of_a_storage_type_travel_in_float) { expect_sums<bf16>(); }

}  // namespace gradient_sums_test
}  // namespace radlads::test
