// SPDX-License-Identifier: Apache-2.0
// The least program that uses the library from outside.

#include "radlads/core/error.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/version.hpp"

#include <iostream>

int main() {
  const radlads::bf16 third(1.0f / 3.0f);
  const float kept = static_cast<float>(third);
  radlads::require(kept == 0.333984375f, "consumer: 1/3 as bf16 is ", kept,
                   ", expected 0.333984375");
  std::cout << "radlads " << radlads::version_major << '.' << radlads::version_minor << '.'
            << radlads::version_patch << ": 1/3 in bf16 is " << kept << '\n';
}
