// SPDX-License-Identifier: Apache-2.0
#include "student.hpp"

#include <string>

namespace radlads::convert {
template made_student<program::model_type> make_student(program::backend_type&,
                                                        const program::model_type&,
                                                        const std::string&, const model_settings&);
}  // namespace radlads::convert
