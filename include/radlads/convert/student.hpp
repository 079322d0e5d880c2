// SPDX-License-Identifier: Apache-2.0
#pragma once
// A student made of a teacher: the same decoder with other mixers, the teacher's tensors in place
// and the rest freshly initialised.

#include "radlads/convert/settings.hpp"
#include "radlads/core/error.hpp"
#include "radlads/io/architecture.hpp"
#include "radlads/layers/concepts.hpp"
#include "radlads/models/config.hpp"
#include "radlads/models/language_model.hpp"
#include "radlads/transfer/weight_map.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace radlads::convert {

namespace detail {

/// A mixer's name without case, dashes and the prefix of those that took their name from RADLADS.
inline std::string bare_name(std::string_view given) {
  std::string bare;
  for (const char c : given) {
    if (c == '-' || c == '_' || c == ' ') continue;
    bare += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return bare.starts_with("rad") ? bare.substr(3) : bare;
}

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

/// The names of all mixers a student may have, with `word` before the last: "a, b and c".
template <class Model>
std::string student_names(std::string_view word) {
  std::vector<std::string> names = recurrent_names<Model>();
  std::reverse(names.begin(), names.end());
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool is_last = i + 1 == names.size();
    if (i > 0) text += is_last ? concatenate(" ", word, " ") : ", ";
    text += names[i];
  }
  return text;
}

/// The mixer's name in models for rad_rwkv7, RAD-RWKV7, rwkv7 and their like; throws on others.
template <class Model>
std::string mixer_name(const std::string& given) {
  for (const std::string& each : recurrent_names<Model>()) {
    if (detail::bare_name(each) == detail::bare_name(given)) return each;
  }
  fail("there is no student ", given, "; there are ", student_names<Model>("and"));
}

/// The teacher's description with `mixer` in all layers but those that are kept.
inline models::config student_config(const models::config& teacher, const std::string& mixer,
                                     const model_settings& options) {
  require(
      !options.hidden && !options.layers && !options.heads && !options.kv_heads &&
          !options.head_size && !options.intermediate && !options.rope_theta &&
          !options.rms_norm_eps,
      "a student takes its sizes from its teacher; model.hidden and the like are only for train");
  require(
      !options.tied.value_or(false) || teacher.is_tied,
      "model.tied is true, but the teacher has a head of its own, which a tied student would lose");
  models::config c = teacher;
  c.is_tied = options.tied.value_or(teacher.is_tied);
  c.mixers.assign(static_cast<std::size_t>(teacher.layers), mixer);
  for (const std::int64_t layer : options.keep_attention) {
    require(layer >= 0 && layer < teacher.layers, "model.keep_attention names layer ", layer,
            "; the teacher has layers 0 to ", teacher.layers - 1);
    const auto at = static_cast<std::size_t>(layer);
    c.mixers[at] = teacher.mixers[at];
  }
  require(std::find(c.mixers.begin(), c.mixers.end(), mixer) != c.mixers.end(),
          "model.keep_attention names every layer, so no layer is left to convert");
  layers::mixer_options& o = c.options;
  o = {};
  o.use_rope = options.use_rope;
  o.balance_state = options.balance_state;
  o.group_norm = options.groupnorm_att;
  o.token_shift = options.use_tokenshift;
  if (options.gate_rank_type) o.gate_rank_type = static_cast<int>(*options.gate_rank_type);
  o.rank_decay = options.lora_rank_decay;
  o.rank_iclr = options.lora_rank_iclr;
  o.rank_value_mix = options.lora_rank_value_residual_mix;
  o.rank_gate = options.lora_rank_gate;
  o.rank_token_shift = options.lora_rank_tokenshift;
  // The class of RAD-RWKV6 files has this rank also where nothing is shifted; its own default then.
  if (o.rank_token_shift == 0 && o.token_shift == false) {
    o.rank_token_shift = io::ranks_of_class(mixer, c.hidden).token_shift;
  }
  return c;
}

/// Settles what a teacher decides where the options leave it open: its student is tied as it is.
inline void complete_student(model_settings& options, const models::config& teacher) {
  if (!options.tied) options.tied = teacher.is_tied;
}

/// The student itself, and the weight map it was made by.
template <class Model>
struct made_student {
  std::unique_ptr<Model> model;
  transfer::weight_map plan;
};

/// A student with `mixer`, as mixer_name gives it, of a teacher whose layers are softmax attention.
template <class Model>
made_student<Model> make_student(typename Model::backend_type& b, const Model& teacher,
                                 const std::string& mixer, const model_settings& options) {
  for (const std::string& each : teacher.config.mixers) {
    require(each == io::softmax_mixer, "transfer: the teacher has a layer of ", each,
            "; only softmax attention is converted");
  }
  made_student<Model> result{std::make_unique<Model>(), {}};
  Model& student = *result.model;
  student.build(b, student_config(teacher.config, mixer, options));
  student.initialise(b, static_cast<std::uint64_t>(options.seed));
  transfer::weight_map_options plan_options;
  plan_options.fresh_projections = options.reinit_att;
  result.plan = transfer::make_weight_map(teacher, student, plan_options);
  transfer::apply(b, result.plan, teacher, student);
  return result;
}

}  // namespace radlads::convert
