// SPDX-License-Identifier: Apache-2.0
#include "every_header.hpp"

const int* version_seen_by_second();
const int* version_seen_by_second() { return &radlads::version_minor; }
