// SPDX-License-Identifier: Apache-2.0
#pragma once
// Public header: what a student takes over from its teacher. The weight map is a table; it can be
// printed, and changed, before it is carried out.
//
//   student.initialise(b, 1337);                     // for what no teacher tensor provides
//   const auto map = radlads::transfer::make_weight_map(teacher, student);
//   radlads::transfer::print(map, std::cout);
//   radlads::transfer::apply(b, map, teacher, student);
//
// Both are models of model.hpp with the same sizes; only their mixers differ.

#include "radlads/transfer/weight_map.hpp"
