// SPDX-License-Identifier: Apache-2.0
#pragma once
// Numbers by name: the point at which a layer is evaluated and the gradients found there, and their
// comparison with the complex step.

#include "radlads/core/parameters.hpp"
#include "radlads/core/random.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace radlads::test {

template <class T>
using named_values = std::map<std::string, std::vector<T>>;

template <class To, class From>
named_values<To> convert(const named_values<From>& from) {
  named_values<To> to;
  for (const auto& [name, values] : from) {
    for (const From& value : values) to[name].push_back(static_cast<To>(value));
  }
  return to;
}

/// All tensors of a parameter set, by name.
template <class T, parameter_set P>
named_values<T> values_by_name(const P& p) {
  named_values<T> all;
  P::for_each(
      [&](const std::string& name, const auto& each) {
        EXPECT_EQ(all.count(name), 0u) << "two tensors are called " << name;
        all[name].assign(each.data(), each.data() + each.size());
      },
      p);
  return all;
}

/// Writes the numbers of these names into the tensors of an allocated parameter set.
template <class T, parameter_set P>
void set_by_name(const named_values<T>& from, P& p) {
  P::for_each(
      [&](const std::string& name, auto& each) {
        const std::vector<T>& values = from.at(name);
        ASSERT_EQ(static_cast<std::int64_t>(values.size()), each.size()) << name;
        std::copy(values.begin(), values.end(), each.data());
      },
      p);
}

/// Adds random numbers for every tensor of an allocated parameter set to `point`.
template <parameter_set P>
void add_random_values(const P& p, named_values<double>& point, double scale = 0.5) {
  P::for_each(
      [&](const std::string& name, const auto& each) {
        point[name] = random_values(each.size(), stream_of(name), scale);
      },
      p);
}

/// Compares gradients with the complex step of `loss`, which takes named_values<complex>, along
/// three random directions for each name: a wrong element has no chance to be orthogonal to all of
/// them.
template <class Loss>
void expect_gradients(const named_values<double>& point, const named_values<double>& gradients,
                      Loss&& loss) {
  constexpr double h = 1e-50;
  ASSERT_EQ(point.size(), gradients.size());
  const named_values<complex> origin = convert<complex>(point);
  for (const auto& [name, gradient] : gradients) {
    ASSERT_EQ(gradient.size(), point.at(name).size()) << name;
    for (std::uint64_t attempt = 0; attempt < 3; ++attempt) {
      const std::vector<double> direction =
          random_values(static_cast<std::int64_t>(gradient.size()), stream_of(name) + 1 + attempt);
      named_values<complex> moved = origin;
      double along = 0, gradient_square = 0, direction_square = 0;
      for (std::size_t i = 0; i < gradient.size(); ++i) {
        moved[name][i] += complex(0, h * direction[i]);
        along += gradient[i] * direction[i];
        gradient_square += gradient[i] * gradient[i];
        direction_square += direction[i] * direction[i];
      }
      const double size = std::sqrt(gradient_square * direction_square);
      EXPECT_GT(size, 1e-8) << "the gradient of " << name << " vanishes: nothing is tested";
      EXPECT_LT(std::abs(complex(loss(moved)).imag() / h - along), gradient_tolerance * size)
          << name;
    }
  }
}

}  // namespace radlads::test
