// SPDX-License-Identifier: Apache-2.0
#pragma once
// A parameter set whose tensors and names a test chooses one by one.

#include "radlads/core/backend.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/core/tensor_info.hpp"
#include "radlads/core/view.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace radlads::test {

/// Tensors of two axes, in the order of addition.
template <class T>
struct tensor_list {
  std::vector<std::pair<std::string, tensor<T, 2, cpu_backend>>> tensors;

  /// Adds a tensor filled with first, first + 1, ...
  tensor_list& add(cpu_backend& b, const std::string& name, const shape<2>& sizes, T first) {
    tensor<T, 2, cpu_backend> values(b, sizes);
    for (std::int64_t i = 0; i < values.size(); ++i) values.data()[i] = first + static_cast<T>(i);
    tensors.emplace_back(name, std::move(values));
    return *this;
  }

  std::vector<T> values(std::size_t i) const {
    const auto& each = tensors[i].second;
    return {each.data(), each.data() + each.size()};
  }

  template <class F, class First, class... Rest>
  static void for_each(F&& f, First& first, Rest&... rest) {
    for (std::size_t i = 0; i < first.tensors.size(); ++i) {
      const std::string& name = first.tensors[i].first;
      f(tensor_info{name, role_of(name)}, first.tensors[i].second, rest.tensors[i].second...);
    }
  }

 private:
  static tensor_role role_of(const std::string& name) {
    if (name == "model.embed_tokens.weight") return tensor_role::embedding;
    return name == "lm_head.weight" ? tensor_role::head : tensor_role::other;
  }
};

}  // namespace radlads::test
