// SPDX-License-Identifier: Apache-2.0
#pragma once
// The text of the error an action throws.

#include "radlads/core/error.hpp"

#include <gtest/gtest.h>

#include <string>

namespace radlads::test {

/// What an action that must throw radlads::error says; a failure of the test when it does not.
template <class Action>
std::string error_of(const Action& action) {
  try {
    action();
  } catch (const error& thrown) {
    return thrown.what();
  }
  ADD_FAILURE() << "no radlads::error was thrown";
  return {};
}

}  // namespace radlads::test
