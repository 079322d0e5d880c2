// SPDX-License-Identifier: Apache-2.0
#pragma once
// The program's students: convert/student.hpp for its model type.

#include "model.hpp"
#include "radlads/convert/student.hpp"

#include <string>
#include <string_view>

namespace radlads::program {

using convert::complete_student;
using convert::student_config;

inline std::string student_names(std::string_view word) {
  return convert::student_names<model_type>(word);
}
inline std::string mixer_name(const std::string& given) {
  return convert::mixer_name<model_type>(given);
}

}  // namespace radlads::program

namespace radlads::convert {
extern template made_student<program::model_type> make_student(program::backend_type&,
                                                               const program::model_type&,
                                                               const std::string&,
                                                               const model_settings&);
}  // namespace radlads::convert
