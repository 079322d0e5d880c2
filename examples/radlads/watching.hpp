// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the program shows of a conversion: messages, lines of progress, and signals that stop it.

#include "radlads/convert/observer.hpp"

namespace radlads::program {

/// Prints to standard error. While the steps of a stage run, SIGINT, SIGTERM and SIGHUP ask it to
/// save and stop.
convert::observer watching();

}  // namespace radlads::program
