// SPDX-License-Identifier: Apache-2.0
#pragma once
// A student made of a teacher: the same decoder with other mixers, the teacher's tensors in place
// and the rest freshly initialised.

#include "model.hpp"
#include "radlads/models/config.hpp"
#include "radlads/transfer/weight_map.hpp"
#include "settings.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace radlads::program {

/// The names of all mixers a student may have, with `word` before the last: "a, b and c".
std::string student_names(std::string_view word);

/// The mixer's name in models for rad_rwkv7, RAD-RWKV7, rwkv7 and their like; throws on others.
std::string mixer_name(const std::string& given);

/// The teacher's description with `mixer` in all layers but those that are kept.
models::config student_config(const models::config& teacher, const std::string& mixer,
                              const model_settings& options);

/// Settles what a teacher decides where the options leave it open: its student is tied as it is.
void complete_student(model_settings& options, const models::config& teacher);

/// The student itself, and the plan it was made by.
struct made_student {
  std::unique_ptr<model_type> model;
  transfer::weight_map plan;
};
made_student make_student(backend_type& b, const model_type& teacher, const std::string& mixer,
                          const model_settings& options);

}  // namespace radlads::program
