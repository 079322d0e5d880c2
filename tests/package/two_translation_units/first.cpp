// SPDX-License-Identifier: Apache-2.0
#include "every_header.hpp"

#include <iostream>

const int* version_seen_by_second();

int main() {
  if (version_seen_by_second() != &radlads::version_minor) {
    std::cout << "The two translation units see two copies of radlads::version_minor.\n";
    return 1;
  }
  std::cout << "Two translation units, one library.\n";
}
