// SPDX-License-Identifier: Apache-2.0
#pragma once
// A parameter set whose tensors and names a test chooses one by one.

#include "radlads/core/backend.hpp"
#include "radlads/core/cpu/backend.hpp"
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
  std::vector<tensor_info> infos;  ///< of each

  /// Adds a tensor filled with first, first + 1, ... Embedding and head have their roles by their
  /// names.
  tensor_list& add(cpu_backend& b, const std::string& name, const shape<2>& sizes, T first) {
    return add(b, tensor_info{name, role_of(name)}, sizes, first);
  }
  tensor_list& add(cpu_backend& b, const tensor_info& info, const shape<2>& sizes, T first) {
    tensor<T, 2, cpu_backend> values(b, sizes);
    for (std::int64_t i = 0; i < values.size(); ++i) values.data()[i] = first + static_cast<T>(i);
    tensors.emplace_back(info.name, std::move(values));
    infos.push_back(info);
    return *this;
  }

  std::vector<T> values(std::size_t i) const {
    const auto& each = tensors[i].second;
    return {each.data(), each.data() + each.size()};
  }

  template <class F, class First, class... Rest>
  static void for_each(F&& f, First& first, Rest&... rest) {
    for (std::size_t i = 0; i < first.tensors.size(); ++i) {
      f(first.infos[i], first.tensors[i].second, rest.tensors[i].second...);
    }
  }

 private:
  static tensor_role role_of(const std::string& name) {
    if (name == "model.embed_tokens.weight") return tensor_role::embedding;
    return name == "lm_head.weight" ? tensor_role::head : tensor_role::other;
  }
};

}  // namespace radlads::test
