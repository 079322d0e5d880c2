// SPDX-License-Identifier: Apache-2.0
#pragma once
// The mixers of the program's models: the teacher's, and those that a student may have. A mixer
// that is added here is a student everywhere.

#include "radlads/layers/attention_mixer.hpp"
#include "radlads/layers/rad_rwkv6_mixer.hpp"
#include "radlads/layers/rad_rwkv7_mixer.hpp"
#include "radlads/models/language_model.hpp"

#include <string>
#include <type_traits>
#include <vector>

namespace radlads::program {

template <class T, class B>
using model_of = models::language_model<T, B, layers::attention_mixer, layers::rad_rwkv6_mixer,
                                        layers::rad_rwkv7_mixer>;

namespace detail {

template <class T, class B, class... Mixers>
std::vector<std::string> recurrent_names(
    std::type_identity<models::language_model<T, B, Mixers...>>) {
  std::vector<std::string> names;
  const auto add = [&]<class M>(std::type_identity<M>) {
    if (layers::is_recurrent<M>) names.emplace_back(M::name);
  };
  (add(std::type_identity<Mixers>()), ...);
  return names;
}

}  // namespace detail

/// The names of the recurrent mixers of a model.
template <class Model>
std::vector<std::string> recurrent_names() {
  return detail::recurrent_names(std::type_identity<Model>());
}

}  // namespace radlads::program
